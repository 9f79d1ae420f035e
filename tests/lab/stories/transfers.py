"""Transfers, blind and after asking, by SIP, by feature code and by the PBX, into queues too."""

from __future__ import annotations

from ..ami import Message
from ..house import House
from ..leg import Leg
from . import ends


@ends("answered", answered_by="325", queue=None)
def the_call_is_transferred_blindly_to_a_desk_that_answers(house: House, number: str) -> None:
    caller, _ = house.talking(number, "12025551324", "324")
    house.do("BlindTransfer", Channel=house.channel("324"), Context="from-internal", Exten="325")
    house.desks.rings("325").answer().wait("up")
    house.interval()
    caller.hang_up()


@ends("missed", queue=None)
def the_call_is_transferred_by_feature_code_to_a_desk_that_does_not_answer(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551326", "326")
    agent.press("##327")
    house.desks.rings("327")
    house.interval()
    caller.hang_up()


@ends("abandoned", queue="team329")
def the_call_is_transferred_blindly_into_a_queue(house: House, number: str) -> float:
    caller, agent = house.talking(number, "12025551328", "328")
    agent.transfer("529")
    house.joined(number, "team329")
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number, "team329"), house.gone(number))


@ends("answered", answered_by="331", queue=None)
def the_call_is_transferred_after_asking(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551330", "330")
    agent.hold()
    consult = house.desks.call("330", "331")
    house.desks.rings("331").answer()
    house.desks_connected("330", "331")
    agent.transfer_to(consult.wait("up"))
    house.transferred(number)
    house.connected_with(number, "331")
    house.interval()
    caller.hang_up()


@ends("abandoned", queue="team333")
def the_call_is_transferred_into_a_queue_in_which_the_receptionist_waited(house: House, number: str) -> float:
    caller, agent = house.talking(number, "12025551332", "332")
    consult_in_queue(house, agent, "533")
    house.transferred(number)
    house.interval()
    caller.hang_up()
    return house.between(house.joined("332", "team333"), house.gone(number))


@ends("answered", answered_by="335", queue="team335")
def the_caller_takes_the_receptionists_seat_and_is_answered(house: House, number: str) -> float:
    caller, agent = house.talking(number, "12025551334", "334")
    consult_in_queue(house, agent, "535")
    house.transferred(number)
    member = house.desks.rings("335").answer()
    answered = house.talks("335")
    house.interval()
    caller.hang_up()
    member.wait("over")
    return house.between(house.joined("334", "team335"), answered)


@ends("abandoned", queue="team337")
def the_pbx_transfers_the_call_into_a_queue_in_which_the_receptionist_waited(house: House, number: str) -> float:
    caller, agent = house.talking(number, "12025551336", "336")
    house.begin_transfer("336", "537")
    house.joined("336", "team337")
    agent.hang_up()
    house.transferred(number)
    house.interval()
    caller.hang_up()
    return house.between(put_on_hold(house, number), house.gone(number))


@ends("answered", answered_by="338", queue=None)
def the_receptionist_gives_up_asking_in_a_queue_and_takes_the_caller_back(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551338", "338")
    agent.hold()
    consult = house.desks.call("338", "539")
    house.joined("338", "team339")
    consult.wait("up").hang_up()
    agent.resume()
    house.ami.wait_event("Unhold", Channel=house.channel("338"))
    house.interval()
    caller.hang_up()


@ends("answered", answered_by="360", queue=None)
def the_pbx_transfers_the_call_after_asking(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551359", "359")
    house.begin_transfer("359", "360")
    house.desks.rings("360").answer()
    house.talks("360")
    agent.hang_up()
    house.transferred(number)
    house.interval()
    caller.hang_up()


@ends("missed", queue=None)
def the_receptionist_lets_the_other_desk_ring_and_nobody_answers(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551375", "375")
    house.begin_transfer("375", "376")
    house.desks.rings("376")
    agent.hang_up()
    house.transferred(number)
    house.interval()
    caller.hang_up()


@ends("answered", answered_by="378", queue=None)
def the_receptionist_lets_the_other_desk_ring_and_it_answers(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551377", "377")
    house.begin_transfer("377", "378")
    rings = house.desks.rings("378")
    agent.hang_up()
    house.transferred(number)
    rings.answer()
    house.talks("378")
    house.interval()
    caller.hang_up()


@ends("answered", answered_by="362", queue="team362")
def the_pbx_transfers_the_call_into_a_queue_and_an_agent_answers_the_caller(house: House, number: str) -> float:
    caller, agent = house.talking(number, "12025551361", "361")
    house.begin_transfer("361", "562")
    house.joined("361", "team362")
    agent.hang_up()
    house.transferred(number)
    house.desks.rings("362").answer()
    answered = house.talks("362")
    house.interval()
    caller.hang_up()
    return house.between(put_on_hold(house, number), answered)


def put_on_hold(house: House, number: str) -> Message:
    """The event with which the wait of a caller has begun, on hold for a receptionist before she waits for them."""
    return house.ami.wait_event("MusicOnHoldStart", Uniqueid=house.arrival(number)["Uniqueid"])


def consult_in_queue(house: House, agent: Leg, extension: str) -> None:
    """The receptionist holds the caller, waits in a queue herself, and then connects the caller with it."""
    agent.hold()
    consult = house.desks.call(agent.user, extension).speak()  # else Answer() waits for sound
    house.joined(agent.user, f"team3{extension[-2:]}")
    agent.transfer_to(consult.wait("up"))
