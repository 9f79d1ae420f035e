"""Queues: members of all kinds, overflow, and every way in which a queue sends a caller away."""

from __future__ import annotations

from ..house import House
from . import companion, ends


@ends("answered", answered_by="310", queue="team309")
def a_member_behind_a_local_channel_answers(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551409")
    house.desks.rings("309")
    house.desks.rings("310").answer()
    house.bridged(number)
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.bridged(number))


@ends("abandoned", queue="team311")
def the_caller_gives_up_while_members_behind_local_channels_ring(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551411")
    house.desks.rings("311")
    house.desks.rings("312")
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.gone(number))


@ends("answered", answered_by="313", queue="team313")
def a_member_answers_and_the_local_channel_is_optimised_away(house: House, number: str) -> float:
    caller = house.outside.call(number, "12025551413").speak()
    house.desks.rings("313").answer().speak()
    house.bridged(number)
    house.ami.wait_event("LocalOptimizationEnd", LocalOneLinkedid=house.arrival(number)["Uniqueid"])
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.bridged(number))


@ends("answered", answered_by="315", queue="team315")
def the_queue_overflows_into_another_where_somebody_answers(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551514")
    house.joined(number, "team315")
    house.desks.rings("315").answer()
    house.bridged(number)
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.bridged(number))


@ends("abandoned", queue="team317")
def the_queue_overflows_into_another_and_the_caller_gives_up_there(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551516")
    house.joined(number, "team317")
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.gone(number))


@ends("missed", queue="team318", voicemail=True)
def the_queue_times_out_and_voicemail_takes_the_call(house: House, number: str) -> None:
    caller = house.waiting(number, "12025551618").speak()  # voicemail hangs up on who says nothing
    house.runs(number, "VoiceMail")
    house.interval()
    caller.hang_up()


@ends("missed", unseen="lost", queue="team319")
def the_queue_is_full(house: House, number: str) -> None:
    first = house.waiting(companion(number), "12025552119")
    caller = house.outside.call(number, "12025552119")
    house.told(number, "QUEUESTATUS", "FULL")
    house.interval()
    caller.wait("up").hang_up()
    house.gone(number)
    first.hang_up()


@ends("missed", unseen="lost", queue="team320")
def nobody_is_in_the_queue(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025552120")
    house.told(number, "QUEUESTATUS", "JOINEMPTY")
    house.interval()
    caller.wait("up").hang_up()


@ends("missed", unseen="lost", queue="team321")
def the_last_agent_pauses_and_the_queue_throws_the_caller_out(house: House, number: str) -> None:
    caller = house.waiting(number, "12025552121")
    house.desks.rings("321")
    house.do("QueuePause", Queue="team321", Interface="PJSIP/321", Paused="true")
    house.told(number, "QUEUESTATUS", "LEAVEEMPTY")
    house.do("QueuePause", Queue="team321", Interface="PJSIP/321", Paused="false")
    house.interval()
    caller.hang_up()


@ends("missed", unseen="lost", queue="team322")
def an_operator_takes_the_caller_out_of_the_queue(house: House, number: str) -> None:
    house.do("QueuePause", Queue="team322", Interface="PJSIP/322", Paused="true")
    caller = house.waiting(number, "12025552122")
    house.do("QueueWithdrawCaller", Queue="team322", Caller=house.arrival(number)["Channel"])
    house.told(number, "QUEUESTATUS", "WITHDRAW")
    house.do("QueuePause", Queue="team322", Interface="PJSIP/322", Paused="false")
    house.interval()
    caller.hang_up()


@ends("answered", unseen="lost", answered_by="323", queue="team323")
def the_agent_hangs_up_and_the_caller_goes_on_to_a_survey(house: House, number: str) -> float:
    caller = house.waiting(number, "12025552023")
    agent = house.desks.rings("323").answer()
    house.bridged(number)
    agent.hang_up()
    house.runs(number, "Read")
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.bridged(number))


@ends("abandoned", queue="team352", answered_at=None)
def the_caller_gives_up_in_a_queue_that_did_not_answer_the_line(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551752")
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.gone(number))


@ends("answered", answered_by="356", queue="team356")
def an_agent_answers_a_caller_whose_line_was_not_answered(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551756")
    house.desks.rings("356").answer()
    caller.wait("up")
    house.bridged(number)
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.bridged(number))


@ends("abandoned", queue="team351")
def the_caller_gives_up_in_the_third_queue_of_the_call(house: House, number: str) -> float:
    caller = house.waiting(number, "12025551449")
    first = house.desks.rings("349").answer()
    house.bridged(number)
    first.transfer("550")
    house.joined(number, "team350")
    second = house.desks.rings("350").answer()
    house.connected_with(number, "350")
    second.transfer("551")
    house.joined(number, "team351")
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number, "team351"), house.gone(number))


@ends("abandoned", queue="team380", language="es")
def the_caller_chooses_spanish_in_a_menu_and_gives_up(house: House, number: str) -> float:
    caller = house.waiting(number, "12025552680")
    house.interval()
    caller.hang_up()
    return house.between(house.joined(number), house.gone(number))


def add_race(desk: str) -> None:
    """An agent answers in the instant in which the caller hangs up: which was first, the observer's view tells."""

    def race(house: House, number: str) -> None:
        caller = house.waiting(number, f"120255514{desk[1:]}")
        agent = house.desks.rings(desk)
        house.interval()
        agent.pick_up()
        caller.hang_up()

    race.__name__ = f"agent_{desk}_answers_in_the_instant_in_which_the_caller_hangs_up"
    ends("answered or abandoned", queue=f"team{desk}")(race)


for number_of_desk in range(366, 371):
    add_race(str(number_of_desk))
