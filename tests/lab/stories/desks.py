"""What people at desks and operators do to a caller: hold, park, pick up, move, hang up."""

from __future__ import annotations

from ..ami import Message
from ..house import House
from . import ends


@ends("answered", answered_by="340", queue=None)
def the_agent_puts_the_caller_on_hold_and_comes_back(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551340", "340")
    agent.hold()
    house.ami.wait_event("Hold", Channel=house.channel("340"))
    agent.resume()
    house.ami.wait_event("Unhold", Channel=house.channel("340"))
    house.interval()
    caller.hang_up()


@ends("abandoned", unseen="answered", answered_by="341", queue="team341")
def the_caller_hangs_up_while_the_agent_has_put_them_on_hold(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551441")
    agent = house.desks.rings("341").answer()
    house.bridged(number)
    agent.hold()
    held = house.ami.wait_event("Hold", Channel=house.channel("341"))
    house.interval()
    caller.hang_up()
    return house.between(held, house.gone(number))


@ends("answered", answered_by="343", queue=None)
def the_caller_is_parked_and_another_desk_takes_the_call(house: House, number: str) -> None:
    caller, _ = house.talking(number, "12025551342", "342")
    space = parked(house, number, "342")
    house.desks.call("343", space["ParkingSpace"]).wait("up")
    house.ami.wait_event("UnParkedCall", ParkeeUniqueid=house.arrival(number)["Uniqueid"])
    house.connected_with(number, "343")
    house.interval()
    caller.hang_up()


@ends("abandoned", answered_by="344", queue=None)
def the_caller_is_parked_and_gives_up(house: House, number: str) -> float:
    caller, _ = house.talking(number, "12025551344", "344")
    space = parked(house, number, "344")
    house.interval()
    caller.hang_up()
    return house.between(space, house.gone(number))


@ends("missed", queue=None)
def the_caller_is_parked_for_too_long_and_the_desk_that_did_it_does_not_answer(house: House, number: str) -> None:
    caller, _ = house.talking(number, "12025551353", "353")
    parked(house, number, "353", Timeout=1000)
    house.desks.rings("353")
    house.interval()
    caller.hang_up()


@ends("answered", answered_by="346", queue=None)
def another_desk_picks_the_ringing_call_up(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551345")
    house.desks.rings("345")
    house.desks.call("346", "845").wait("up")
    caller.wait("up")
    house.connected_with(number, "346")
    house.interval()
    caller.hang_up()


@ends("abandoned", answered_by="365", queue=None)
def the_caller_is_transferred_to_the_parking_lot_and_gives_up(house: House, number: str) -> float:
    caller, agent = house.talking(number, "12025551365", "365")
    agent.transfer("700")
    space = house.ami.wait_event("ParkedCall", ParkeeUniqueid=house.arrival(number)["Uniqueid"])
    house.interval()
    caller.hang_up()
    return house.between(space, house.gone(number))


@ends("answered", answered_by="364", queue="team363")
def another_desk_picks_up_what_rings_for_a_queue(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551463")
    house.desks.rings("363")
    house.desks.call("364", "863").wait("up")
    house.connected_with(number, "364")
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.bridged(number))


@ends("abandoned", queue="team371")
def an_operator_hangs_up_on_a_waiting_caller(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551471")
    house.interval()
    house.do("Hangup", Channel=house.arrival(number)["Channel"])
    caller.wait("over")
    return house.between(house.joined(number), house.gone(number))


@ends("answered", answered_by="374", queue="team372")
def an_operator_takes_a_waiting_caller_to_a_desk(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551472")
    channel = house.arrival(number)["Channel"]
    house.do("Redirect", Channel=channel, Context="from-internal", Exten="374", Priority=1)
    left = house.ami.wait_event("QueueCallerLeave", Channel=channel)
    house.desks.rings("374").answer()
    house.connected_with(number, "374")
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), left)


def parked(house: House, number: str, desk: str, **more: object) -> Message:
    """The PBX parks a caller for a desk; returns the event that tells where."""
    caller = house.arrival(number)
    house.do("Park", Channel=caller["Channel"], TimeoutChannel=house.channel(desk), **more)
    return house.ami.wait_event("ParkedCall", ParkeeUniqueid=caller["Uniqueid"])
