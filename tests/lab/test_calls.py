"""Every way in which a call can end on a real Asterisk: one row, the right disposition, at most one text.

All stories are played at once, each with desks, queues and a number of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from .callers import SUPPORT
from .daemon import Daemon
from .house import House
from .twilio import Twilio

LAST_CALLER = "12025560299"


@dataclass(frozen=True)
class Story:
    """What happens to one caller, and how the log must tell it; `ending` is None where there is no caller."""

    play: Callable[[House, str], None]
    number: str
    ending: str | None
    #: what else must stand in the row
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def caller(self) -> str:
        return f"+{self.number}"


STORIES: list[Story] = []
Play = Callable[[House, str], None]


def ends(ending: str | None, **more: Any) -> Callable[[Play], Play]:
    """Makes a story of a function; `more`: what else must stand in the row."""

    def tell(play: Play) -> Play:
        STORIES.append(Story(play, f"12025560{201 + len(STORIES)}", ending, more))
        return play

    return tell


# -- ring groups ------------------------------------------------------------------------------------------


@ends("answered", answered_by="302", queue=None)
def one_desk_of_a_ring_group_answers(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551801")
    house.desks.rings("301")
    house.desks.rings("302").answer()
    caller.wait("up").hang_up()


@ends("missed", queue=None)
def the_caller_gives_up_while_a_ring_group_rings(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551803")
    house.desks.rings("303")
    house.desks.rings("304")
    caller.hang_up()


@ends("missed", queue=None)
def one_desk_of_a_ring_group_is_busy_and_the_other_does_not_answer(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551857")
    house.desks.rings("357").refuse("486 Busy Here")
    house.desks.rings("358")
    caller.hang_up()


@ends("answered", answered_by="306", queue=None)
def one_desk_of_a_group_of_local_channels_answers(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551905")
    house.desks.rings("305")
    house.desks.rings("306").answer()
    caller.wait("up")
    house.bridged(number)
    caller.hang_up()


@ends("missed", queue=None)
def the_caller_gives_up_while_a_group_of_local_channels_rings(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551907")
    house.desks.rings("307")
    house.desks.rings("308")
    caller.hang_up()


# -- queues -----------------------------------------------------------------------------------------------


@ends("answered", answered_by="310", queue="team309")
def a_member_behind_a_local_channel_answers(house: House, number: str) -> None:
    caller = house.waiting(number, "12025551409")
    house.desks.rings("309")
    house.desks.rings("310").answer()
    house.bridged(number)
    caller.hang_up()


@ends("abandoned", queue="team311")
def the_caller_gives_up_while_members_behind_local_channels_ring(house: House, number: str) -> None:
    caller = house.waiting(number, "12025551411")
    house.desks.rings("311")
    house.desks.rings("312")
    caller.hang_up()


@ends("answered", answered_by="313", queue="team313")
def a_member_answers_and_the_local_channel_is_optimised_away(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551413").speak()
    house.desks.rings("313").answer().speak()
    house.bridged(number)
    house.ami.wait_event("LocalOptimizationEnd", LocalOneLinkedid=house.arrival(number)["Uniqueid"])
    caller.hang_up()


@ends("answered", answered_by="315", queue="team315")
def the_queue_overflows_into_another_where_somebody_answers(house: House, number: str) -> None:
    caller = house.waiting(number, "12025551514")
    house.joined(number, "team315")
    house.desks.rings("315").answer()
    house.bridged(number)
    caller.hang_up()


@ends("abandoned", queue="team317")
def the_queue_overflows_into_another_and_the_caller_gives_up_there(house: House, number: str) -> None:
    caller = house.waiting(number, "12025551516")
    house.joined(number, "team317")
    caller.hang_up()


@ends("missed", queue="team318", voicemail=True)
def the_queue_times_out_and_voicemail_takes_the_call(house: House, number: str) -> None:
    caller = house.waiting(number, "12025551618")
    house.runs(number, "VoiceMail")
    caller.hang_up()


@ends("missed", queue="team319")
def the_queue_is_full(house: House, number: str) -> None:
    first = house.waiting(companion(number), "12025552119")
    caller = house.outside.call(number, "12025552119")
    house.told(number, "QUEUESTATUS", "FULL")
    caller.wait("up").hang_up()
    house.gone(number)
    first.hang_up()


@ends("missed", queue="team320")
def nobody_is_in_the_queue(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025552120")
    house.told(number, "QUEUESTATUS", "JOINEMPTY")
    caller.wait("up").hang_up()


@ends("missed", queue="team321")
def the_last_agent_pauses_and_the_queue_throws_the_caller_out(house: House, number: str) -> None:
    caller = house.waiting(number, "12025552121")
    house.desks.rings("321")
    house.do("QueuePause", Queue="team321", Interface="PJSIP/321", Paused="true")
    house.told(number, "QUEUESTATUS", "LEAVEEMPTY")
    caller.hang_up()


@ends("missed", queue="team322")
def an_operator_takes_the_caller_out_of_the_queue(house: House, number: str) -> None:
    house.do("QueuePause", Queue="team322", Interface="PJSIP/322", Paused="true")
    caller = house.waiting(number, "12025552122")
    house.do("QueueWithdrawCaller", Queue="team322", Caller=house.arrival(number)["Channel"])
    house.told(number, "QUEUESTATUS", "WITHDRAW")
    caller.hang_up()


@ends("answered", answered_by="323", queue="team323")
def the_agent_hangs_up_and_the_caller_goes_on_to_a_survey(house: House, number: str) -> None:
    caller = house.waiting(number, "12025552023")
    agent = house.desks.rings("323").answer()
    house.bridged(number)
    agent.hang_up()
    house.runs(number, "Read")
    caller.hang_up()


@ends("abandoned", queue="team352", answered_at=None)
def the_caller_gives_up_in_a_queue_that_did_not_answer_the_line(house: House, number: str) -> None:
    house.waiting(number, "12025551752").hang_up()


@ends("answered", answered_by="356", queue="team356")
def an_agent_answers_a_caller_whose_line_was_not_answered(house: House, number: str) -> None:
    caller = house.waiting(number, "12025551756")
    house.desks.rings("356").answer()
    caller.wait("up")
    house.bridged(number)
    caller.hang_up()


@ends("abandoned", queue="team351")
def the_caller_gives_up_in_the_third_queue_of_the_call(house: House, number: str) -> None:
    caller = house.waiting(number, "12025551449")
    first = house.desks.rings("349").answer()
    house.bridged(number)
    first.transfer("550")
    house.joined(number, "team350")
    second = house.desks.rings("350").answer()
    second.transfer("551")
    house.joined(number, "team351")
    caller.hang_up()


# -- transfers --------------------------------------------------------------------------------------------


@ends("answered", answered_by="325", queue=None)
def the_call_is_transferred_blindly_to_a_desk_that_answers(house: House, number: str) -> None:
    caller, _ = house.talking(number, "12025551324", "324")
    house.do("BlindTransfer", Channel=house.channel("324"), Context="from-internal", Exten="325")
    house.desks.rings("325").answer().wait("up")
    caller.hang_up()


@ends("missed", queue=None)
def the_call_is_transferred_by_feature_code_to_a_desk_that_does_not_answer(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551326", "326")
    agent.press("##327")
    house.desks.rings("327")
    caller.hang_up()


@ends("abandoned", queue="team329")
def the_call_is_transferred_blindly_into_a_queue(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551328", "328")
    agent.transfer("529")
    house.joined(number, "team329")
    caller.hang_up()


@ends("answered", answered_by="331", queue=None)
def the_call_is_transferred_after_asking(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551330", "330")
    agent.hold()
    consult = house.desks.call("330", "331")
    house.desks.rings("331").answer()
    agent.transfer_to(consult.wait("up"))
    house.transferred(number)
    caller.hang_up()


@ends("abandoned", queue="team333")
def the_call_is_transferred_into_a_queue_in_which_the_receptionist_waited(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551332", "332")
    consult_in_queue(house, agent, "533")
    house.transferred(number)
    caller.hang_up()


@ends("answered", answered_by="335", queue="team335")
def the_caller_takes_the_receptionists_seat_and_is_answered(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551334", "334")
    consult_in_queue(house, agent, "535")
    house.transferred(number)
    member = house.desks.rings("335").answer()
    house.ami.wait_event("AgentConnect", Queue="team335")
    caller.hang_up()
    member.wait("over")


@ends("abandoned", queue="team337")
def the_pbx_transfers_the_call_into_a_queue_in_which_the_receptionist_waited(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551336", "336")
    house.do("Atxfer", Channel=house.channel("336"), Context="from-internal", Exten="537")
    house.joined("336", "team337")
    agent.hang_up()
    house.transferred(number)
    caller.hang_up()


@ends("answered", answered_by="338", queue=None)
def the_receptionist_gives_up_asking_in_a_queue_and_takes_the_caller_back(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551338", "338")
    agent.hold()
    consult = house.desks.call("338", "539")
    house.joined("338", "team339")
    consult.wait("up").hang_up()
    agent.resume()
    house.ami.wait_event("Unhold", Channel=house.channel("338"))
    caller.hang_up()


# -- hold, parking, pickup --------------------------------------------------------------------------------


@ends("answered", answered_by="340", queue=None)
def the_agent_puts_the_caller_on_hold_and_comes_back(house: House, number: str) -> None:
    caller, agent = house.talking(number, "12025551340", "340")
    agent.hold()
    house.ami.wait_event("Hold", Channel=house.channel("340"))
    agent.resume()
    house.ami.wait_event("Unhold", Channel=house.channel("340"))
    caller.hang_up()


@ends("abandoned", answered_by="341", queue="team341")
def the_caller_hangs_up_while_the_agent_has_put_them_on_hold(house: House, number: str) -> None:
    caller = house.waiting(number, "12025551441")
    agent = house.desks.rings("341").answer()
    house.bridged(number)
    agent.hold()
    house.ami.wait_event("Hold", Channel=house.channel("341"))
    caller.hang_up()


@ends("answered", answered_by="343", queue=None)
def the_caller_is_parked_and_another_desk_takes_the_call(house: House, number: str) -> None:
    caller, _ = house.talking(number, "12025551342", "342")
    space = parked(house, number, "342")
    house.desks.call("343", space).wait("up")
    house.ami.wait_event("UnParkedCall", ParkeeUniqueid=house.arrival(number)["Uniqueid"])
    house.connected_with(number, "343")
    caller.hang_up()


@ends("abandoned", answered_by="344", queue=None)
def the_caller_is_parked_and_gives_up(house: House, number: str) -> None:
    caller, _ = house.talking(number, "12025551344", "344")
    parked(house, number, "344")
    caller.hang_up()


@ends("missed", queue=None)
def the_caller_is_parked_for_too_long_and_the_desk_that_did_it_does_not_answer(house: House, number: str) -> None:
    caller, _ = house.talking(number, "12025551353", "353")
    parked(house, number, "353", Timeout=1000)
    house.desks.rings("353")
    caller.hang_up()


@ends("answered", answered_by="346", queue=None)
def another_desk_picks_the_ringing_call_up(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551345")
    house.desks.rings("345")
    house.desks.call("346", "845").wait("up")
    caller.wait("up")
    house.connected_with(number, "346")
    caller.hang_up()


# -- follow-me, call-back ---------------------------------------------------------------------------------


@ends("answered", answered_by="12025553247", queue=None)
def the_desks_user_answers_on_the_mobile_phone(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025552247")
    house.desks.rings("347")
    house.outside.rings("12025553247").answer()
    caller.wait("up")
    house.bridged(number)
    caller.hang_up()


@ends("missed", queue=None)
def neither_the_desk_nor_the_mobile_phone_is_answered(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025552348")
    house.desks.rings("348")
    house.outside.rings("12025553248")
    caller.hang_up()


@ends(None)
def the_pbx_calls_somebody_back_and_lets_them_wait_in_a_queue(house: House, number: str) -> None:
    house.ami.ask(
        "Originate",
        Channel=f"Local/{number}@from-internal/n",
        Context="from-internal",
        Exten="555",
        Priority=1,
        CallerID=f"<{number}>",
        Async="true",
    )
    called = house.outside.rings(number).answer()
    house.ami.wait_event("QueueCallerJoin", Queue="team355")
    called.hang_up()
    house.ami.wait_event("QueueCallerLeave", Queue="team355")


# -- what the stories have in common ----------------------------------------------------------------------


def companion(number: str) -> str:
    """The number of a second caller in the same story."""
    return f"{number[:-3]}3{number[-2:]}"


def consult_in_queue(house: House, agent: Any, extension: str) -> None:
    """The receptionist holds the caller, waits in a queue herself, and then connects the caller with it."""
    agent.hold()
    consult = house.desks.call(agent.user, extension)
    house.joined(agent.user, f"team3{extension[-2:]}")
    agent.transfer_to(consult.wait("up"))


def parked(house: House, number: str, desk: str, **more: object) -> str:
    """The PBX parks a caller for a desk; returns where."""
    caller = house.arrival(number)
    house.do("Park", Channel=caller["Channel"], TimeoutChannel=house.channel(desk), **more)
    return house.ami.wait_event("ParkedCall", ParkeeUniqueid=caller["Uniqueid"])["ParkingSpace"]


@dataclass
class Evening:
    """All stories, played; the daemon has ended."""

    house: House
    daemon: Daemon
    twilio: Twilio
    played: dict[str, Future[None]]

    def row(self, number: str) -> dict[str, Any]:
        """The one row of a caller."""
        [row] = self.daemon.rows(f"+{number}")
        return row


@pytest.fixture(scope="module")
def evening(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """Plays all stories at once, and waits until the daemon has nothing more to do."""
    folder = tmp_path_factory.mktemp("evening")
    with Twilio() as twilio, Daemon(folder, house.asterisk, twilio.url) as daemon:
        daemon.apply(guards__settle=0, abandoned__min_hold=0, missed__min_ring=0)
        daemon.start()
        with ThreadPoolExecutor(len(STORIES)) as stage:
            played = {story.number: stage.submit(story.play, house, story.number) for story in STORIES}
        house.waiting(LAST_CALLER, SUPPORT).hang_up()
        daemon.wait_row(f"+{LAST_CALLER}", message_status="sent")
        daemon.wait_quiet()
        assert daemon.stop() == 0
        yield Evening(house, daemon, twilio, played)


@pytest.mark.parametrize("story", STORIES, ids=[story.play.__name__ for story in STORIES])
def test_a_call_ends_as_it_was(evening: Evening, story: Story) -> None:
    evening.played[story.number].result()
    rows = evening.daemon.rows(story.caller)
    assert [row["disposition"] for row in rows] == ([story.ending] if story.ending else [])
    for row in rows:
        assert {key: row[key] for key in story.more} == story.more
        assert row["verdict"] == ("skip" if story.ending == "answered" else "text"), row["why"]
    is_lost = story.ending in ("abandoned", "missed")
    assert len(evening.twilio.posts_to(story.caller)) == (1 if is_lost else 0)


FIRST_IN_THE_FULL_QUEUE = next(companion(story.number) for story in STORIES if story.play is the_queue_is_full)


def test_whoever_filled_the_queue_gave_up_in_it(evening: Evening) -> None:
    assert evening.row(FIRST_IN_THE_FULL_QUEUE)["disposition"] == "abandoned"


def test_nobody_else_is_in_the_log(evening: Evening) -> None:
    callers = {story.caller for story in STORIES if story.ending} | {f"+{LAST_CALLER}", f"+{FIRST_IN_THE_FULL_QUEUE}"}
    assert sorted(row["caller"] for row in evening.daemon.rows()) == sorted(callers)


def test_the_daemon_has_met_nothing_that_it_did_not_understand(evening: Evening) -> None:
    assert not [line for line in evening.daemon.log if " WARNING " in line or " ERROR " in line or "Traceback" in line]
