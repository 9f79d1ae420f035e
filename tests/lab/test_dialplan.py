"""The dialplan that we ship, on real Asterisks: every path, in both outcomes, with a daemon that is there or not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from .agi import StandIn
from .ami import Ami, Message
from .asterisk import PHONE_IP, TRUNK_IP, Asterisk
from .conftest import hang_up_all, running
from .included import PLAIN, include_dialplan
from .leg import Leg
from .phones import Phones

pytestmark = pytest.mark.lab

SHORT = "12025556110"
UNANSWERED = "12025556111"
OWN_LINE = "12025556112"
FREEPBX = "12025556113"
NOBODY = "12025556114"
FULL = "12025556115"
NO_PHONE = "12025556116"
ANSWERED = "12025556117"
SPOKEN = "12025556118"
BARE = "12025556119"

#: seconds in which a call goes on when nobody listens at the daemon's address, and when the daemon hangs
REFUSED, HANGING = 0.2, 10.0
REFUSAL = {"TEXTBACK_RESULT": "refused", "TEXTBACK_REASON": "opted_out"}
CONFIRMATION = {"TEXTBACK_RESULT": "texted", "TEXTBACK_REASON": "", "TEXTBACK_AFTER": "hangup"}

_callers = itertools.count(12025560101)
#: after the last one it begins again: nobody waits in the first one any more
_queues = itertools.cycle(PLAIN)


def a_queue() -> str:
    """The number of a queue in which nobody else waits."""
    return f"120255560{next(_queues):02}"


@dataclass
class Caller:
    """Somebody on the line, and what an observer sees of them."""

    leg: Leg
    ami: Ami
    uniqueid: str
    channel: str

    def events(self, *names: str, **headers: str) -> list[Message]:
        return self.ami.events(*names, Uniqueid=self.uniqueid, **headers)

    def nth(self, times: int, name: str, **headers: str) -> Message:
        """The event that comes for the nth time."""
        self.ami.wait(lambda _: len(self.events(name, **headers)) >= times, what=f"{name} {headers} no. {times}")
        return self.events(name, **headers)[times - 1]

    def joins(self, times: int) -> Message:
        return self.nth(times, "QueueCallerJoin")

    def hears(self, *prompts: str) -> None:
        """Waits until all of them were played to the end, in one go."""
        played = "&".join(f"textback/{prompt}" for prompt in prompts) + ",noanswer"
        begun = self.nth(1, "Newexten", Application="Playback", AppData=played)
        status = self.nth(1, "VarSet", Variable="PLAYBACKSTATUS")
        assert status["Value"] == "SUCCESS"
        assert self.between(begun, status) > 1.0

    def goes_on(self) -> str:
        """The queue is over, the house's own dialplan goes on: with which QUEUESTATUS."""
        return self.nth(1, "UserEvent", UserEvent="Afterwards")["Status"]

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.do("Setvar", Variable=name, Value=value)

    def do(self, action: str, **headers: object) -> None:
        answer = self.ami.ask(action, Channel=self.channel, **headers)
        assert answer["Response"] == "Success", answer

    def between(self, one: Message, other: Message) -> float:
        return self.ami.heard_at(other) - self.ami.heard_at(one)


@dataclass
class Town:
    """The PBX with our dialplan, the daemon's stand-in, and the people who call."""

    asterisk: Asterisk
    daemon: StandIn
    ami: Ami
    outside: Phones
    desks: Phones

    def call(self, dialled: str) -> Caller:
        number = str(next(_callers))
        leg = self.outside.call(number, dialled)
        first = self.ami.wait_event("Newchannel", CallerIDNum=number, ChannelStateDesc="Ring")
        return Caller(leg, self.ami, first["Uniqueid"], first["Channel"])

    def waiting(self, dialled: str) -> Caller:
        caller = self.call(dialled)
        caller.joins(1)
        return caller

    def three_waiting(self) -> tuple[Caller, Caller, Caller]:
        """Three callers, one after the other, in a queue that is theirs alone."""
        dialled = a_queue()
        first, second, third = (self.waiting(dialled) for _ in range(3))
        return first, second, third


@pytest.fixture(scope="module")
def daemon() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def second() -> StandIn:
    """The second daemon, which is not there most of the time."""
    return StandIn()


@pytest.fixture(scope="module", params=["22", "16"])
def included(request: pytest.FixtureRequest, daemon: StandIn, second: StandIn) -> Iterator[Asterisk]:
    prepare = partial(include_dialplan, agi_port=daemon.port, second_agi_port=second.port)
    yield from running(request.param, prepare)


@pytest.fixture
def town(included: Asterisk, daemon: StandIn) -> Iterator[Town]:
    daemon.answers = {"may-offer": ['SET VARIABLE TEXTBACK_OFFER "1"']}
    with (
        included.connect() as ami,
        Phones(included.sip_port, PHONE_IP, included.desk_port) as desks,
        Phones(included.sip_port, TRUNK_IP, included.trunk_port) as outside,
    ):
        yield Town(included, daemon, ami, outside, desks)
        daemon.hangs = False
    hang_up_all(included)


# -- the key ---------------------------------------------------------------------------------------------------------


def test_the_key_asks_for_a_text_and_the_call_ends_with_a_confirmation(town: Town) -> None:
    town.daemon.answer("call-to-text", **CONFIRMATION)
    dialled = a_queue()
    caller = town.waiting(dialled)
    caller.leg.press("5")
    asked = town.daemon.wait_asked("call-to-text", caller.uniqueid)
    assert asked.query == {"queue": f"plain{dialled[-2:]}"}
    caller.hears("confirmed", "goodbye")
    caller.leg.wait("over")
    assert len(caller.events("QueueCallerJoin")) == 1
    caller.nth(1, "UserEvent", UserEvent="HungUp", Where="from-trunk")


def test_who_was_texted_and_stays_keeps_their_place(town: Town) -> None:
    town.daemon.answer("call-to-text", **CONFIRMATION | {"TEXTBACK_AFTER": "stay"})
    _, caller, behind = town.three_waiting()
    caller.leg.press("5")
    caller.hears("confirmed", "stay")
    assert (caller.joins(2)["Position"], caller.joins(2)["Count"]) == ("2", "3")
    behind.leg.hang_up()
    assert behind.nth(1, "QueueCallerAbandon")["Position"] == "3"


@pytest.mark.parametrize(
    ("reason", "prompt"), [("opted_out", "cannot-text"), ("landline", "landline"), ("withheld_number", "withheld")]
)
def test_who_is_refused_hears_why_and_keeps_their_place(town: Town, reason: str, prompt: str) -> None:
    town.daemon.answer("call-to-text", **REFUSAL | {"TEXTBACK_REASON": reason})
    _, caller, behind = town.three_waiting()
    caller.leg.press("5")
    caller.hears(prompt, "stay")
    assert (caller.joins(2)["Position"], caller.joins(2)["Count"]) == ("2", "3")
    behind.leg.hang_up()
    assert behind.nth(1, "QueueCallerAbandon")["Position"] == "3"


def test_nobody_overtakes_a_caller_while_they_listen(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL)
    ahead, caller, behind = town.three_waiting()
    caller.leg.press("5")
    caller.nth(1, "Newexten", Application="Playback")
    ahead.leg.hang_up()
    assert (caller.joins(2)["Position"], caller.joins(2)["Count"]) == ("1", "2")
    behind.leg.hang_up()
    assert behind.nth(1, "QueueCallerAbandon")["Position"] == "2"


def test_a_hook_may_know_the_place_better(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL | {"TEXTBACK_POSITION": "1"})
    _, caller, _ = town.three_waiting()
    caller.leg.press("5")
    assert (caller.joins(2)["Position"], caller.joins(2)["Count"]) == ("1", "3")


def test_the_key_may_be_pressed_again_and_another_one_means_nothing(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL)
    _, caller, _ = town.three_waiting()
    caller.leg.press("7")
    caller.leg.press("5")
    caller.joins(2)
    caller.leg.press("5")
    assert caller.joins(3)["Position"] == "2"
    assert [asked.hook for asked in town.daemon.of(caller.uniqueid)] == ["call-to-text"] * 2


def test_a_caller_whose_line_is_not_answered_is_spoken_to_and_stays_so(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL)
    caller = town.waiting(UNANSWERED)
    caller.do("Redirect", Context="textback-keys", Exten="5", Priority=1)
    caller.hears("cannot-text", "stay")
    caller.joins(2)
    assert caller.leg.state == "ringing"
    # the time limit that the house gave the call is still there, and ours is gone
    left = float(town.ami.ask("Getvar", Channel=caller.channel, Variable="TIMEOUT(absolute)")["Value"])
    assert 580 < left <= 600
    caller.leg.hang_up()


def test_the_longest_wait_counts_from_the_first_join(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL)
    caller = town.waiting(SHORT)
    caller.leg.press("5")
    assert caller.goes_on() == "TIMEOUT"  # the refusal took longer than 3 s
    assert len(caller.events("QueueCallerJoin")) == 1


def test_the_queue_says_the_offer_to_whoever_is_next(town: Town) -> None:
    town.daemon.answer("call-to-text", **CONFIRMATION)
    caller = town.waiting(SPOKEN)
    begins, ends = caller.nth(1, "MusicOnHoldStop"), caller.nth(2, "MusicOnHoldStart")
    assert caller.between(begins, ends) > 3.0
    caller.nth(2, "MusicOnHoldStop")
    caller.leg.press("5")
    caller.nth(1, "QueueCallerLeave")
    assert caller.between(caller.nth(2, "MusicOnHoldStop"), caller.nth(1, "QueueCallerLeave")) < 3.0
    caller.hears("confirmed", "goodbye")


# -- the daemon's redirect -------------------------------------------------------------------------------------------


def redirected(caller: Caller, context: str, **variables: str) -> Message:
    """The daemon sends a waiting caller there; the event of their leaving the queue."""
    caller.set(**variables)
    caller.do("Redirect", Context=context, Exten="s", Priority=1)
    return caller.nth(1, "QueueCallerLeave")


def offered(caller: Caller) -> Message:
    """The daemon sends a waiting caller to the offer, and they listen."""
    left = redirected(caller, "textback-offer", TEXTBACK_QUEUE=caller.joins(1)["Queue"], TEXTBACK_POSITION="2")
    caller.nth(1, "Newexten", Application="Read")
    return left


@pytest.mark.parametrize("key", [None, "7"])
def test_who_does_not_take_the_offer_is_back_at_their_place(town: Town, key: str | None) -> None:
    _, caller, behind = town.three_waiting()
    offered(caller)
    if key:
        caller.leg.press(key)
    assert (caller.joins(2)["Position"], caller.joins(2)["Count"]) == ("2", "3")
    assert [asked.hook for asked in town.daemon.of(caller.uniqueid)] == ["may-offer"]
    behind.leg.hang_up()
    assert behind.nth(1, "QueueCallerAbandon")["Position"] == "3"


def test_who_takes_the_offer_and_is_refused_hears_why_and_is_back_at_their_place(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL)
    _, caller, _ = town.three_waiting()
    offered(caller)
    caller.leg.press("5")
    caller.hears("cannot-text", "stay")
    assert (caller.joins(2)["Position"], caller.joins(2)["Count"]) == ("2", "3")


def test_who_takes_the_offer_hears_that_a_text_comes_and_is_hung_up(town: Town) -> None:
    town.daemon.answer("call-to-text", **CONFIRMATION)
    caller = town.waiting(a_queue())
    queue = caller.joins(1)["Queue"]
    offered(caller)
    caller.leg.press("5")
    caller.hears("confirmed", "goodbye")
    caller.leg.wait("over")
    [_, asked] = town.daemon.of(caller.uniqueid)
    assert (asked.hook, asked.query) == ("call-to-text", {"queue": queue, "ask_number": "never"})
    assert len(caller.events("QueueCallerJoin")) == 1


def test_the_key_of_the_practice_is_the_one_that_counts(town: Town) -> None:
    town.daemon.answers = {"may-offer": ['SET VARIABLE TEXTBACK_OFFER "1"', 'SET VARIABLE TEXTBACK_KEY "8"']}
    town.daemon.answer("call-to-text", **CONFIRMATION)
    caller = town.waiting(a_queue())
    offered(caller)
    caller.leg.press("8")
    caller.hears("confirmed", "goodbye")


def test_who_cannot_be_texted_is_offered_nothing(town: Town) -> None:
    town.daemon.answers = {"may-offer": ['SET VARIABLE TEXTBACK_OFFER "0"']}
    _, caller, _ = town.three_waiting()
    redirected(caller, "textback-offer", TEXTBACK_QUEUE=caller.joins(1)["Queue"])
    assert caller.joins(2)["Position"] == "2"
    assert not caller.events("Newexten", Application="Read")


def test_the_daemon_confirms_a_key_that_it_has_seen_itself(town: Town) -> None:
    caller = town.waiting(a_queue())
    redirected(caller, "textback-confirm", TEXTBACK_QUEUE=caller.joins(1)["Queue"], **CONFIRMATION)
    caller.hears("confirmed", "goodbye")
    caller.leg.wait("over")
    assert not town.daemon.of(caller.uniqueid)


def test_the_daemon_refuses_a_key_that_it_has_seen_itself(town: Town) -> None:
    _, caller, _ = town.three_waiting()
    redirected(caller, "textback-confirm", TEXTBACK_QUEUE=caller.joins(1)["Queue"], **REFUSAL)
    caller.hears("cannot-text", "stay")
    assert caller.joins(2)["Position"] == "2"


def test_a_whisper_is_played_to_the_caller_who_waits(town: Town) -> None:
    caller = town.waiting(a_queue())
    answer = town.ami.ask(
        "Originate",
        Channel="Local/s@textback-whisper/n",
        Application="Playback",
        Data="textback/offer",
        Variable=f"TEXTBACK_CHANNEL={caller.channel}",
        Async="true",
    )
    assert answer["Response"] == "Success"
    start = town.ami.wait_event("ChanSpyStart", SpyeeUniqueid=caller.uniqueid)
    stop = town.ami.wait_event("ChanSpyStop", SpyerUniqueid=start["SpyerUniqueid"])
    assert caller.between(start, stop) > 3.0
    assert not caller.events("QueueCallerLeave")


def test_a_whisper_to_nobody_is_heard_by_nobody(town: Town) -> None:
    caller = town.waiting(a_queue())
    town.ami.ask("Originate", Channel="Local/s@textback-whisper", Application="Playback", Data="textback/offer")
    town.ami.wait_event("Hangup", Context="textback-whisper")
    assert not town.ami.events("ChanSpyStart", SpyeeUniqueid=caller.uniqueid)


# -- the daemon is not there, or hangs -------------------------------------------------------------------------------


@pytest.fixture
def refusing(town: Town) -> Iterator[Town]:
    town.daemon.refuse()
    yield town
    town.daemon.listen()


def test_with_the_daemon_down_the_key_changes_nothing_and_not_a_word_is_said(refusing: Town) -> None:
    _, caller, _ = refusing.three_waiting()
    caller.leg.press("5")
    back = caller.joins(2)
    assert (back["Position"], back["Count"]) == ("2", "3")
    assert caller.between(caller.nth(1, "QueueCallerLeave"), back) < REFUSED
    assert not caller.events("Newexten", Application="Playback")


def test_with_the_daemon_down_a_redirected_caller_is_back_at_once(refusing: Town) -> None:
    _, caller, _ = refusing.three_waiting()
    left = redirected(caller, "textback-offer", TEXTBACK_QUEUE=caller.joins(1)["Queue"])
    assert caller.joins(2)["Position"] == "2"
    assert caller.between(left, caller.joins(2)) < REFUSED


def test_with_the_daemon_down_a_caller_whom_nobody_answers_goes_on_at_once(refusing: Town) -> None:
    caller = refusing.call(NOBODY)
    assert caller.goes_on() == "JOINEMPTY"
    status = caller.nth(1, "VarSet", Variable="QUEUESTATUS", Value="JOINEMPTY")
    assert caller.between(status, caller.nth(1, "UserEvent", UserEvent="Afterwards")) < REFUSED


def test_with_the_daemon_down_the_second_one_is_asked(refusing: Town, second: StandIn) -> None:
    with second:
        second.answer("call-to-text", **CONFIRMATION)
        caller = refusing.waiting(a_queue())
        caller.leg.press("5")
        caller.hears("confirmed", "goodbye")
        assert len(second.of(caller.uniqueid, "call-to-text")) == 1


def test_with_the_daemon_hanging_the_key_is_answered_with_a_sorry_in_time(town: Town) -> None:
    town.daemon.hangs = True
    _, caller, _ = town.three_waiting()
    caller.leg.press("5")
    caller.hears("cannot-text", "stay")
    assert caller.joins(2)["Position"] == "2"
    assert caller.between(caller.nth(1, "QueueCallerLeave"), caller.joins(2)) < HANGING
    assert town.ami.ask("Getvar", Channel=caller.channel, Variable="TIMEOUT(absolute)")["Value"] == "0"


def test_with_the_daemon_hanging_a_redirected_caller_is_back_in_time(town: Town) -> None:
    town.daemon.hangs = True
    _, caller, _ = town.three_waiting()
    left = redirected(caller, "textback-offer", TEXTBACK_QUEUE=caller.joins(1)["Queue"])
    assert caller.joins(2)["Position"] == "2"
    assert caller.between(left, caller.joins(2)) < HANGING / 2
    assert not caller.events("Newexten", Application="Read")


def test_a_daemon_that_hangs_while_the_offer_is_played_holds_the_caller_no_longer_than_at_the_key(town: Town) -> None:
    _, caller, _ = town.three_waiting()
    offered(caller)
    town.daemon.hangs = True
    caller.leg.press("5")
    caller.hears("cannot-text", "stay")
    assert caller.joins(2)["Position"] == "2"
    asked = caller.nth(2, "Newexten", Application="AGI")
    assert caller.between(asked, caller.joins(2)) < HANGING


def test_with_the_daemon_hanging_a_caller_whom_nobody_answers_goes_on_in_time(town: Town) -> None:
    town.daemon.hangs = True
    caller = town.call(NOBODY)
    assert caller.goes_on() == "JOINEMPTY"
    status = caller.nth(1, "VarSet", Variable="QUEUESTATUS", Value="JOINEMPTY")
    assert caller.between(status, caller.nth(1, "UserEvent", UserEvent="Afterwards")) < HANGING / 2


def test_a_caller_who_hangs_up_on_a_hanging_daemon_is_gone_at_once(town: Town) -> None:
    town.daemon.hangs = True
    caller = town.waiting(a_queue())
    caller.leg.press("5")
    town.daemon.wait_asked("call-to-text", caller.uniqueid)
    caller.leg.hang_up()
    caller.nth(1, "UserEvent", UserEvent="HungUp", Where="from-trunk")
    assert caller.between(caller.nth(1, "HangupRequest"), caller.nth(1, "Hangup")) < REFUSED


# -- nobody answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dialled", "why"), [(NOBODY, "JOINEMPTY"), (FULL, "FULL"), (NO_PHONE, "CHANUNAVAIL")])
def test_the_daemon_is_told_that_nobody_will_answer(town: Town, dialled: str, why: str) -> None:
    if why == "FULL":
        town.waiting(dialled)
    caller = town.call(dialled)
    assert caller.goes_on() == why
    [asked] = town.daemon.of(caller.uniqueid)
    assert (asked.hook, asked.query["why"]) == ("no-answer", why)


def test_nothing_is_told_of_a_caller_whom_an_agent_answered(town: Town) -> None:
    caller = town.call(ANSWERED)
    agent = town.desks.rings("309").answer()
    caller.nth(1, "BridgeEnter")
    agent.hang_up()
    assert caller.goes_on() == "CONTINUE"
    assert not town.daemon.of(caller.uniqueid)


# -- dialplans of one's own, and FreePBX -----------------------------------------------------------------------------


def test_a_queue_line_of_ones_own_is_called_again_with_the_place(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL)
    _, caller, _ = (town.waiting(OWN_LINE) for _ in range(3))
    caller.leg.press("5")
    assert (caller.joins(2)["Position"], caller.joins(2)["Count"]) == ("2", "3")
    caller.do("QueueWithdrawCaller", Queue="own", Caller=caller.channel)
    assert caller.goes_on() == "WITHDRAW"


def test_without_a_way_back_the_queue_that_the_daemon_told_is_entered_at_the_place(town: Town) -> None:
    town.daemon.answers = {"may-offer": ['SET VARIABLE TEXTBACK_OFFER "0"']}
    _, caller, _ = (town.waiting(BARE) for _ in range(3))
    redirected(caller, "textback-offer", TEXTBACK_QUEUE="bare")
    assert (caller.joins(2)["Position"], caller.joins(2)["Count"]) == ("2", "3")
    caller.do("QueueWithdrawCaller", Queue="bare", Caller=caller.channel)
    caller.leg.wait("over")


def test_freepbx_calls_its_own_queue_line_again_with_the_place(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL)
    _, caller, _ = (town.waiting(FREEPBX) for _ in range(3))
    caller.leg.press("5")
    assert (caller.joins(2)["Position"], caller.joins(2)["Count"]) == ("2", "3")
    assert town.daemon.of(caller.uniqueid)[0].query == {"queue": "600"}
    left = town.ami.ask("Getvar", Channel=caller.channel, Variable="QMAXWAIT")["Value"]
    assert 20 <= int(left) < 30


def test_freepbxs_next_queue_is_entered_at_its_end(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL)
    first, caller, other = (town.waiting(FREEPBX) for _ in range(3))
    for early in (first, other):
        early.do("QueueWithdrawCaller", Queue="600", Caller=early.channel)
        early.joins(2)
    caller.leg.press("5")
    caller.joins(2)
    caller.do("QueueWithdrawCaller", Queue="600", Caller=caller.channel)
    last = caller.joins(3)
    assert (last["Queue"], last["Position"]) == ("601", "3")


def test_freepbxs_h_is_run_for_a_caller_who_hangs_up_while_we_speak(town: Town) -> None:
    town.daemon.answer("call-to-text", **REFUSAL)
    caller = town.waiting(FREEPBX)
    caller.leg.press("5")
    caller.nth(1, "Newexten", Application="Playback")
    caller.leg.hang_up()
    caller.nth(1, "UserEvent", UserEvent="HungUp", Where="ext-queues")


# -- as loaded -------------------------------------------------------------------------------------------------------


def test_asterisk_has_nothing_to_complain_of(town: Town) -> None:
    log = "\n".join(file.read_text(errors="replace") for file in (town.asterisk.home / "log").glob("messages*"))
    told = [line for line in log.splitlines() if "WARNING" in line or "ERROR" in line]
    assert told, "the log is read"
    assert [line for line in told if "textback" in line and "textback: " not in line] == []
    assert [line for line in told if "ast_expr" in line or "ast_yy" in line or "function" in line.lower()] == []
