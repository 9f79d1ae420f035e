"""Small lists of events, and the facts that follow."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.pbx.messages import AGENT, CALLER, LEG, OTHER, TRUNK, bridge_enter, channel, dial, event, newchannel
from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LanguageKnown,
    NoAnswer,
    NobodyAnswered,
    Place,
    Ringing,
    StaffReached,
    Talking,
    VoicemailTook,
)
from textback.pbx.ami_facts import Translator
from textback.pbx.wire import Headers

CALL, PHONE = f"main/{CALLER}", "PJSIP/ext201-00000005"
LEG_OF_CALL = channel(LEG, AGENT, Linkedid=CALLER, CallerIDNum="101")
ARRIVED = newchannel()
JOINED = event("QueueCallerJoin", Queue="support", Position="1")
LEFT_QUEUE = event("QueueCallerLeave", Queue="support")
HANGUP = event("Hangup", Cause="16")


def translator() -> Translator:
    return Translator("main", ["PJSIP/trunk-*"], ["from-trunk"])


def told(*events: Headers, by: Translator | None = None) -> list[Fact]:
    """The facts, each event a second after the one before it; the first comes at 0."""
    by = by or translator()
    return [fact for at, one in enumerate(events) for fact in by.take(one, float(at))]


def after_arrival(*events: Headers) -> list[Fact]:
    first, *rest = told(ARRIVED, *events)
    assert isinstance(first, CallerArrived)
    return rest


def talking(bridge: str = "b-1") -> list[Headers]:
    return [bridge_enter(LEG, AGENT, bridge), bridge_enter(CALLER, TRUNK, bridge)]


# -- who is a caller -------------------------------------------------------------------------------------------


def test_who_rings_in_over_a_trunk_is_a_caller() -> None:
    block = {"CallerIDName": "Ann Lee", "Language": "es"}
    assert told(newchannel(**block)) == [
        CallerArrived(
            CALL,
            0.0,
            pbx="main",
            linkedid=CALLER,
            number="15559870280",
            name="Ann Lee",
            did="15551230100",
            language="es",
        )
    ]


def test_a_language_that_a_caller_chooses_is_told_once_and_that_of_the_pbx_is_none() -> None:
    join, spanish = JOINED | {"Language": "es"}, LEFT_QUEUE | {"Language": "es"}
    facts = after_arrival(join, spanish, HANGUP | {"Language": "en"})
    assert [fact for fact in facts if isinstance(fact, LanguageKnown)] == [
        LanguageKnown(CALL, 1.0, "es"), LanguageKnown(CALL, 3.0, None)
    ]  # fmt: skip
    assert isinstance(facts[-1], CallerLeft)


def test_the_language_of_somebody_else_says_nothing() -> None:
    assert after_arrival(event("Newstate", LEG_OF_CALL | {"Language": "es"})) == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (PHONE, {}),
        (TRUNK, {"ChannelState": "0", "ChannelStateDesc": "Down"}),
        (TRUNK, {"Linkedid": OTHER}),
        (TRUNK, {"Context": "from-internal"}),
        ("Local/15559870280@from-trunk-00000001;2", {}),
    ],
    ids=["a phone", "a leg that goes out", "a leg of another call", "another context", "half a Local channel"],
)
def test_nobody_else_is(name: str, changes: dict[str, str]) -> None:
    assert told(newchannel(name=name, **changes), HANGUP) == []


def test_without_contexts_callers_come_in_anywhere() -> None:
    assert told(newchannel(Context="x"), by=Translator("main", ["PJSIP/trunk-*", "DAHDI/*"]))
    assert not told(newchannel(Context="x"), by=Translator("main", []))


@pytest.mark.parametrize("number", ["<unknown>", "unknown", ""])
def test_a_number_that_is_none_is_none(number: str) -> None:
    (fact,) = told(newchannel(CallerIDNum=number))
    assert isinstance(fact, CallerArrived) and fact.number is None


def test_a_number_that_is_shown_against_the_callers_wish_is_marked() -> None:
    (fact,) = told(newchannel() | {"ChanVariable": "CALLERID(pres)=prohib_passed_screen"})
    assert isinstance(fact, CallerArrived) and fact.withheld
    later = event("NewCallerid", {**channel(), "CID-CallingPres": "35 (Presentation Prohibited, Network Number)"})
    assert after_arrival(later) == [CallerKnown(CALL, 1.0, None, withheld=True)]
    assert after_arrival(event("NewCallerid", {**channel(), "CID-CallingPres": "0 (Presentation Allowed)"})) == []


# -- the end ---------------------------------------------------------------------------------------------------


def test_a_call_ends_with_the_callers_own_channel() -> None:
    assert after_arrival(event("HangupRequest"), HANGUP) == [CallerLeft(CALL, 2.0, hung_up=True)]


def test_a_call_that_the_pbx_ends_was_not_hung_up() -> None:
    assert after_arrival(HANGUP, HANGUP) == [CallerLeft(CALL, 1.0, hung_up=False)]


def test_the_end_of_another_leg_is_not_the_end_of_the_call() -> None:
    assert after_arrival(event("Newchannel", LEG_OF_CALL), event("Hangup", LEG_OF_CALL)) == []


# -- queues ----------------------------------------------------------------------------------------------------


def test_a_caller_waits_from_the_join_to_the_leave() -> None:
    assert after_arrival(JOINED, LEFT_QUEUE) == [
        HoldStarted(CALL, 1.0, Place.QUEUE, since=1.0, queue="support"),
        HoldEnded(CALL, 2.0),
    ]


def test_an_abandon_alone_proves_nothing() -> None:
    assert [type(fact) for fact in after_arrival(JOINED, event("QueueCallerAbandon"))] == [HoldStarted]


def test_a_caller_who_is_answered_in_a_queue_talks_with_the_agents_phone() -> None:
    begin = dial("DialBegin", channel(), LEG_OF_CALL)
    facts = after_arrival(JOINED, begin, LEFT_QUEUE, *talking())
    assert [type(fact) for fact in facts] == [HoldStarted, HoldEnded, Talking]
    assert facts[-1] == Talking(CALL, 5.0, agent="agent1"), "a phone that rings for a queue is no ringing"


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("TIMEOUT", NoAnswer.QUEUE_TIMEOUT),
        ("FULL", NoAnswer.QUEUE_FULL),
        ("JOINEMPTY", NoAnswer.QUEUE_EMPTY),
        ("LEAVEEMPTY", NoAnswer.QUEUE_EMPTY),
        ("WITHDRAW", NoAnswer.WITHDRAWN),
    ],
)
def test_a_queue_that_sends_the_caller_on_says_why(status: str, why: NoAnswer) -> None:
    tried = event("Newexten", Application="Queue", AppData="support,t,,,30")
    refused = event("VarSet", Variable="QUEUESTATUS", Value=status)
    assert after_arrival(tried, refused) == [NobodyAnswered(CALL, 2.0, why, queue="support")]


@pytest.mark.parametrize("status", ["CONTINUE", ""])
def test_a_queue_that_was_answered_says_nothing(status: str) -> None:
    assert after_arrival(event("VarSet", Variable="QUEUESTATUS", Value=status)) == []


def test_what_is_set_after_the_caller_hung_up_says_nothing() -> None:
    gone = event("HangupRequest")
    assert after_arrival(gone, event("VarSet", Variable="DIALSTATUS", Value="NOANSWER")) == []
    assert after_arrival(gone, event("VarSet", Variable="VMSTATUS", Value="FAILED")) == []


def test_a_completed_transfer_into_a_queue_gives_the_caller_the_seat_and_the_time_waited() -> None:
    consult = channel(OTHER, "PJSIP/ext201-00000008")
    transfer = {"OrigTransferer": LEG_OF_CALL, "SecondTransferer": consult, "Transferee": channel()}
    blocks = {prefix + name: value for prefix, block in transfer.items() for name, value in block.items()}
    facts = after_arrival(
        *talking(),
        event("QueueCallerJoin", consult, Queue="sales"),
        event("AttendedTransfer", blocks, DestType="App", DestApp="Queue"),
        event("Hangup", consult, Cause="16"),
        LEFT_QUEUE,
    )
    assert facts[1:] == [HoldStarted(CALL, 4.0, Place.QUEUE, since=3.0, queue="sales"), HoldEnded(CALL, 6.0)]


# -- ringing ---------------------------------------------------------------------------------------------------

BEGIN, SECOND = dial("DialBegin", channel(), LEG_OF_CALL), channel(OTHER, PHONE, Linkedid=CALLER)


def ended(status: str, leg: Headers = LEG_OF_CALL) -> Headers:
    return dial("DialEnd", channel(), leg, DialStatus=status)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("NOANSWER", NoAnswer.RANG_OUT),
        ("BUSY", NoAnswer.BUSY),
        ("CHANUNAVAIL", NoAnswer.UNREACHABLE),
        ("CONGESTION", NoAnswer.UNREACHABLE),
    ],
)
def test_a_phone_that_does_not_answer_says_why(status: str, why: NoAnswer) -> None:
    assert after_arrival(BEGIN, ended(status)) == [Ringing(CALL, 1.0), NobodyAnswered(CALL, 2.0, why)]
    assert after_arrival(event("VarSet", Variable="DIALSTATUS", Value=status)) == [NobodyAnswered(CALL, 1.0, why)]


def test_a_phone_that_the_caller_gave_up_on_says_nothing() -> None:
    assert after_arrival(BEGIN, event("HangupRequest"), ended("CANCEL"), HANGUP) == [
        Ringing(CALL, 1.0),
        CallerLeft(CALL, 4.0),
    ]


def test_in_a_group_one_phone_that_is_busy_is_not_the_end() -> None:
    begins = [BEGIN, dial("DialBegin", channel(), SECOND)]
    facts = after_arrival(*begins, ended("BUSY"), ended("NOANSWER", SECOND))
    assert facts == [Ringing(CALL, 1.0), NobodyAnswered(CALL, 4.0, NoAnswer.RANG_OUT)]


def test_a_phone_that_vanishes_while_it_rings_rings_no_more() -> None:
    facts = after_arrival(BEGIN, event("Hangup", LEG_OF_CALL), JOINED)
    assert facts == [Ringing(CALL, 1.0), HoldStarted(CALL, 3.0, Place.QUEUE, 3.0, "support")]


def test_an_answered_phone_alone_is_no_talk() -> None:
    """Follow-me asks the person first; only the bridge tells."""
    assert [type(fact) for fact in after_arrival(BEGIN, ended("ANSWER"))] == [Ringing]


@pytest.mark.parametrize(
    ("more", "number"),
    [
        ({"DialString": "trunk/15559870301"}, "15559870301"),
        ({"DialString": "trunk"}, "15559870302"),
    ],
)
def test_a_number_that_staff_reached_is_told(more: dict[str, str], number: str) -> None:
    phone = channel(CALLER, PHONE, Exten="15559870302", Context="from-internal")
    leg = channel(LEG, TRUNK, Linkedid=CALLER)
    by = translator()
    assert told(dial("DialBegin", phone, leg, **more), dial("DialEnd", phone, leg, DialStatus="ANSWER"), by=by) == [
        StaffReached(f"main/{LEG}", 1.0, number)
    ]


def test_a_mobile_that_is_rung_for_a_caller_is_nobody_staff_reached() -> None:
    mobile = channel(LEG, "PJSIP/trunk-00000007", Linkedid=CALLER)
    begin = dial("DialBegin", channel(), mobile, DialString="trunk/15559870301")
    facts = after_arrival(begin, dial("DialEnd", channel(), mobile, DialStatus="ANSWER"))
    assert [type(fact) for fact in facts] == [Ringing]


# -- bridges ---------------------------------------------------------------------------------------------------


def test_a_caller_alone_in_a_bridge_talks_to_nobody() -> None:
    assert after_arrival(bridge_enter(CALLER, TRUNK)) == []


def test_a_bridge_of_people_who_wait_is_no_talk() -> None:
    lot = [bridge_enter(uniqueid, TRUNK, technology="holding_bridge") for uniqueid in (OTHER, CALLER)]
    assert after_arrival(*lot) == []


def test_a_caller_talks_through_the_two_halves_of_a_local_channel() -> None:
    one, two = "Local/201@queue-00000001;1", "Local/201@queue-00000001;2"
    facts = after_arrival(
        bridge_enter(CALLER, TRUNK, "b-1"),
        bridge_enter("1.1", one, "b-1"),
        bridge_enter("1.2", two, "b-2"),
        bridge_enter(LEG, AGENT, "b-2"),
    )
    assert facts == [Talking(CALL, 4.0, agent="agent1")]


def test_a_caller_who_is_left_in_the_bridge_talks_no_more() -> None:
    facts = after_arrival(*talking(), event("Hangup", LEG_OF_CALL), JOINED)
    assert [type(fact) for fact in facts] == [Talking, HoldStarted]
    left = event("BridgeLeave", {"BridgeUniqueid": "b-1", **LEG_OF_CALL})
    elsewhere = event("BridgeLeave", {"BridgeUniqueid": "b-9", **LEG_OF_CALL})
    assert len(after_arrival(*talking(), elsewhere, *talking())) == 1
    assert len(after_arrival(*talking(), left, *talking())) == 2


def test_an_agent_puts_the_caller_on_hold_and_takes_them_back() -> None:
    facts = after_arrival(*talking(), event("Hold", LEG_OF_CALL), event("Unhold", LEG_OF_CALL))
    assert facts[1:] == [HoldStarted(CALL, 3.0, Place.AGENT_HOLD, since=3.0), Talking(CALL, 4.0, "agent1")]


def test_music_in_a_bridge_without_a_person_is_a_hold_and_elsewhere_nothing() -> None:
    music = event("MusicOnHoldStart", Class="default")
    assert after_arrival(music, event("MusicOnHoldStop")) == []
    facts = after_arrival(bridge_enter(CALLER, TRUNK), music, event("MusicOnHoldStop"))
    assert facts == [HoldStarted(CALL, 2.0, Place.AGENT_HOLD, since=2.0), HoldEnded(CALL, 3.0)]


@pytest.mark.parametrize("end", ["UnParkedCall", "ParkedCallTimeOut", "ParkedCallGiveUp"])
def test_a_parked_caller_waits_until_the_lot_is_left(end: str) -> None:
    parkee = channel(prefix="Parkee")
    facts = after_arrival(event("ParkedCall", parkee, Parkinglot="default"), event(end, parkee))
    assert facts == [HoldStarted(CALL, 1.0, Place.PARK, since=1.0), HoldEnded(CALL, 2.0)]


# -- what no bridge shows --------------------------------------------------------------------------------------


def test_only_a_key_that_the_caller_pressed_is_one() -> None:
    keys = [event("DTMFEnd", Digit="5", Direction=direction) for direction in ("Received", "Sent")]
    agents = event("DTMFEnd", LEG_OF_CALL, Digit="1", Direction="Received")
    assert after_arrival(*keys, agents) == [KeyPressed(CALL, 1.0, "5")]


@pytest.mark.parametrize("status", ["SUCCESS", "USEREXIT", "FAILED"])
def test_a_box_that_has_run_took_the_call_however_it_went(status: str) -> None:
    assert after_arrival(event("VarSet", Variable="VMSTATUS", Value=status)) == [VoicemailTook(CALL, 1.0)]


def test_a_box_that_has_not_run_yet_took_nothing() -> None:
    assert after_arrival(event("VarSet", Variable="VMSTATUS", Value="")) == []


@pytest.mark.parametrize(
    "sign",
    [event("Newexten", Application="VoiceMail", AppData="201@default,u"), event("MessageWaiting", channel(), New="1")],
    ids=["Newexten", "MessageWaiting"],
)
def test_other_signs_of_voicemail(sign: Headers) -> None:
    assert after_arrival(sign) == [VoicemailTook(CALL, 1.0)]


def test_a_mailbox_that_is_polled_is_nobodys_call() -> None:
    assert after_arrival(event("MessageWaiting", {}, Mailbox="700@default", New="1")) == []


# -- what is not known -----------------------------------------------------------------------------------------


def _about_nobody() -> Iterable[Headers]:
    parkee, unknown = channel(prefix="Parkee"), dial("DialEnd", None, LEG_OF_CALL, DialStatus="ANSWER")
    yield from (event("Newstate"), HANGUP, event("HangupRequest"), LEFT_QUEUE, event("Hold"))
    yield event("ParkedCall", parkee)
    yield from (event("BridgeLeave", {"BridgeUniqueid": "b", **channel()}), event("MusicOnHoldStop"), unknown)
    yield from (event("VarSet", Variable="DIALSTATUS", Value="BUSY"), event("Newexten", Application="Queue"))
    yield from (event("AttendedTransfer", {}, DestType="Bridge"), event("DTMFEnd", Digit="5", Direction="Received"))


@pytest.mark.parametrize("about", [*_about_nobody()], ids=lambda about: str(about["Event"]))
def test_events_about_channels_that_nobody_knows_tell_nothing(about: Headers) -> None:
    by = translator()
    assert told(about, by=by) == [] and by.callers == {}


def test_events_that_come_twice_tell_once() -> None:
    once = after_arrival(JOINED, LEFT_QUEUE, *talking(), HANGUP)
    twice = after_arrival(JOINED, JOINED, LEFT_QUEUE, LEFT_QUEUE, *talking(), *talking(), HANGUP, HANGUP)
    assert [type(fact) for fact in twice] == [type(fact) for fact in once]


def test_of_several_channelvars_each_is_read() -> None:
    (fact,) = told(newchannel() | {"Exten": "s", "ChanVariable": "FROM_DID=12025550100\nCALLERID(pres)=prohib"})
    assert isinstance(fact, CallerArrived)
    assert (fact.withheld, fact.did) == (True, "12025550100")
