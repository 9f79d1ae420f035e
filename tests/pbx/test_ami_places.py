"""Who was moved from a queue into a prompt, and for whom an agent's phone rings."""

from __future__ import annotations

import pytest

from tests.pbx.messages import AGENT, CALLER, LEG, OTHER, TRUNK, bridge_enter, channel, dial, event, newchannel
from tests.pbx.test_ami_facts import ARRIVED, CALL, HANGUP, JOINED, LEFT_QUEUE, LEG_OF_CALL, after_arrival, told
from tests.pbx.test_ami_facts import translator
from textback.events import (
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    NoAnswer,
    NobodyAnswered,
    Place,
    Ringing,
    Talking,
)
from textback.pbx.ami_facts import Translator
from textback.pbx.wire import Headers

IN_QUEUE = HoldStarted(CALL, 1.0, Place.QUEUE, 1.0, "support")
AGENT_RINGS = dial("DialBegin", channel(), LEG_OF_CALL)
LEFT_AT_2 = event("QueueCallerLeave", Queue="support", Position="2")


def in_prompt(name: str, context: str = "textback-offer", **more: str) -> Headers:
    return event(name, channel(Context=context, Exten="s"), **more)


def offered(at: float, since: float) -> HoldStarted:
    return HoldStarted(CALL, at, Place.OFFER, since, "support")


# -- moved by another daemon, or by this one before it was started again --------------------------------------------


@pytest.mark.parametrize("context", ["textback-offer", "textback-confirm"])
def test_asterisk_22_shows_with_the_end_of_the_wait_where_it_was_left_for(context: str) -> None:
    left = in_prompt("QueueCallerLeave", context, Queue="support")
    assert after_arrival(JOINED, left) == [IN_QUEUE, offered(2.0, 2.0)]


def test_asterisk_16_shows_it_with_what_comes_next() -> None:
    key = in_prompt("DTMFEnd", Digit="5", Direction="Received")
    facts = after_arrival(JOINED, LEFT_QUEUE, key)
    assert facts == [IN_QUEUE, HoldEnded(CALL, 2.0), offered(3.0, 2.0), KeyPressed(CALL, 3.0, "5")]
    facts = after_arrival(JOINED, LEFT_QUEUE, in_prompt("HangupRequest"), in_prompt("Hangup"))
    assert facts[2:] == [offered(3.0, 2.0), CallerLeft(CALL, 4.0)]


def test_other_contexts_are_no_prompts_of_ours() -> None:
    for context in ("textback-keys", "textback-hook", "from-trunk"):
        left = in_prompt("QueueCallerLeave", context, Queue="support")
        assert after_arrival(JOINED, left, in_prompt("Hangup", context))[1] == HoldEnded(CALL, 2.0)


def test_who_was_thrown_out_of_the_queue_first_is_in_no_prompt() -> None:
    thrown_out = event("VarSet", Variable="QUEUESTATUS", Value="TIMEOUT")
    facts = after_arrival(JOINED, LEFT_QUEUE, thrown_out, in_prompt("Hangup"))
    ended = [HoldEnded(CALL, 2.0), NobodyAnswered(CALL, 3.0, NoAnswer.QUEUE_TIMEOUT), CallerLeft(CALL, 4.0, False)]
    assert facts == [IN_QUEUE, *ended]


def test_who_has_hung_up_is_in_no_prompt_whatever_context_is_shown() -> None:
    facts = after_arrival(JOINED, event("HangupRequest"), in_prompt("QueueCallerLeave", Queue="support"), HANGUP)
    assert facts == [IN_QUEUE, HoldEnded(CALL, 3.0), CallerLeft(CALL, 4.0)]


@pytest.mark.parametrize(
    ("events", "last"),
    [
        ([JOINED], HoldStarted(CALL, 3.0, Place.QUEUE, 3.0, "support")),
        ([dial("DialBegin", channel(), LEG_OF_CALL)], Ringing(CALL, 3.0)),
        ([bridge_enter(CALLER, TRUNK), bridge_enter(LEG, AGENT)], Talking(CALL, 4.0, "agent1")),
    ],
)
def test_the_prompt_is_over_when_something_else_begins(events: list[Headers], last: Fact) -> None:
    made = translator()
    facts = told(ARRIVED, JOINED, in_prompt("QueueCallerLeave", Queue="support"), *events, by=made)
    channel_of_call = made.picture.channels[CALLER]
    assert facts[-1] == last and channel_of_call.prompt is None and channel_of_call.left is None


def test_the_place_in_the_queue_is_known_before_and_after() -> None:
    made = translator()
    told(ARRIVED, JOINED, LEFT_AT_2, by=made)
    left = made.picture.channels[CALLER].left
    assert left and left.position == 2
    made.take(JOINED | {"Position": "x"}, 9.0)
    seat = made.picture.channels[CALLER].seat
    assert seat and seat.position is None


# -- agents' phones ------------------------------------------------------------------------------------------------


def ringing(made: Translator, uniqueid: str = CALLER) -> set[str]:
    return made.picture.channels[uniqueid].agents


@pytest.mark.parametrize(
    "ends",
    [
        dial("DialEnd", channel(), LEG_OF_CALL, DialStatus="NOANSWER"),
        event("Hangup", LEG_OF_CALL),
        LEFT_QUEUE,
    ],
)
def test_it_is_known_for_whom_an_agents_phone_rings(ends: Headers) -> None:
    made, stirred = translator(), []
    facts = told(ARRIVED, JOINED, AGENT_RINGS, by=made)
    assert ringing(made) == {LEG} and facts[1:] == [IN_QUEUE], "who waits in a queue is not rung for otherwise"
    made.stir = stirred.append
    made.take(ends, 4.0)
    assert ringing(made) == set() and CALLER in stirred


def test_of_two_agents_the_last_one_counts() -> None:
    made, other = translator(), channel("1795286697.5", "PJSIP/agent2-00000003", Linkedid=CALLER)
    stirred: list[str] = []
    told(ARRIVED, JOINED, AGENT_RINGS, dial("DialBegin", channel(), other), by=made)
    made.stir = stirred.append
    made.take(dial("DialEnd", channel(), LEG_OF_CALL, DialStatus="NOANSWER"), 5.0)
    assert ringing(made) == {"1795286697.5"} and stirred == []
    made.take(dial("DialEnd", channel(), other, DialStatus="BUSY"), 6.0)
    assert stirred == [CALLER]


def test_who_takes_over_a_seat_takes_over_the_ringing() -> None:
    made = translator()
    consult = channel(OTHER, "PJSIP/201-00000007")
    told(
        ARRIVED,
        event("Newchannel", consult),
        event("QueueCallerJoin", consult, Queue="support", Position="1"),
        dial("DialBegin", consult, channel(LEG, AGENT, Linkedid=OTHER)),
        transfer(consult),
        event("Hangup", consult),
        by=made,
    )
    assert ringing(made) == {LEG} and made.picture.channels[LEG].agent_for == CALLER


def transfer(consult: Headers) -> Headers:
    head = {"Event": "AttendedTransfer", "DestType": "App", "DestApp": "Queue"}
    second = {f"SecondTransferer{name}": value for name, value in consult.items()}
    caller = {f"Transferee{name}": value for name, value in channel(CALLER, TRUNK).items()}
    return head | second | caller


def test_a_line_that_is_answered_is_seen_when_the_queue_is_joined() -> None:
    made = translator()
    told(newchannel(), event("QueueCallerJoin", channel(ChannelState="4"), Queue="support", Position="1"), by=made)
    assert not made.picture.channels[CALLER].is_up
    made.take(JOINED, 2.0)
    assert made.picture.channels[CALLER].is_up
