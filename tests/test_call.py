"""The state machine, told as transcripts: facts in, state and disposition out."""

from __future__ import annotations

import pytest

from textback.call import Call, Outcome, Phase, Rules, advance, arrive
from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    CallLost,
    DeadlinePassed,
    Fact,
    Handled,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LanguageKnown,
    NoAnswer,
    NobodyAnswered,
    Place,
    Ringing,
    StateUnknown,
    Talking,
    TextGiven,
    TextRefused,
    VoicemailTook,
)
from textback.model import Disposition

RULES = Rules(key="5", after=30.0)
ID = "main/1.1"


def arrived() -> CallerArrived:
    return CallerArrived(ID, 0.0, pbx="main", linkedid="1.1", number="+12025550143", did="12025550199")


def queued(at: float, queue: str = "support", since: float | None = None) -> HoldStarted:
    return HoldStarted(ID, at, Place.QUEUE, at if since is None else since, queue)


def on_hold(at: float) -> HoldStarted:
    return HoldStarted(ID, at, Place.AGENT_HOLD, at)


def key(at: float, digit: str = "5") -> KeyPressed:
    return KeyPressed(ID, at, digit)


def no_answer(at: float, why: NoAnswer = NoAnswer.RANG_OUT) -> NobodyAnswered:
    return NobodyAnswered(ID, at, why)


def left(at: float, hung_up: bool = True) -> CallerLeft:
    return CallerLeft(ID, at, hung_up)


def told(*facts: Fact, rules: Rules = RULES) -> tuple[Call, list[Outcome]]:
    call, outcomes = arrive(arrived()), []
    for fact in facts:
        call, more = advance(call, fact, rules)
        outcomes += more
    return call, outcomes


def test_the_language_of_a_call_is_the_one_that_its_channel_has_now() -> None:
    call, _ = told(LanguageKnown(ID, 1.0, "es"), queued(2.0))
    assert call.language == "es"
    call, _ = told(LanguageKnown(ID, 1.0, "es"), queued(2.0), LanguageKnown(ID, 3.0, None))
    assert call.language is None


@pytest.mark.parametrize(
    ("facts", "disposition"),
    [
        ([], Disposition.UNREACHED),
        ([queued(2)], Disposition.ABANDONED),
        ([queued(2), HoldEnded(ID, 9)], Disposition.ABANDONED),
        ([queued(2), Talking(ID, 5, "101")], Disposition.ANSWERED),
        ([queued(2), HoldEnded(ID, 12), no_answer(12, NoAnswer.QUEUE_TIMEOUT)], Disposition.MISSED),
        ([queued(2), no_answer(12, NoAnswer.QUEUE_TIMEOUT), queued(13, "overflow")], Disposition.ABANDONED),
        ([no_answer(1, NoAnswer.QUEUE_FULL)], Disposition.MISSED),
        ([Ringing(ID, 1)], Disposition.MISSED),
        ([Ringing(ID, 1), no_answer(9, NoAnswer.BUSY)], Disposition.MISSED),
        ([Ringing(ID, 1), no_answer(9), VoicemailTook(ID, 9)], Disposition.MISSED),
        ([Talking(ID, 3), Ringing(ID, 8)], Disposition.MISSED),
        ([Talking(ID, 3), queued(8)], Disposition.ABANDONED),
        ([Talking(ID, 3), on_hold(8)], Disposition.ABANDONED),
        ([Talking(ID, 3), on_hold(8), Talking(ID, 12)], Disposition.ANSWERED),
        ([Talking(ID, 3), HoldStarted(ID, 8, Place.PARK, 8)], Disposition.ABANDONED),
        ([queued(2), StateUnknown(ID, 9)], Disposition.LOST),
        ([queued(2), StateUnknown(ID, 9), queued(10)], Disposition.ABANDONED),
        ([queued(2), StateUnknown(ID, 9), Talking(ID, 10)], Disposition.ANSWERED),
    ],
)
def test_the_disposition_is_what_was_last_true_for_the_caller(facts: list[Fact], disposition: Disposition) -> None:
    call, outcomes = told(*facts, left(20))
    assert (call.disposition, call.phase, outcomes) == (disposition, Phase.ENDED, [Outcome.ENDED])


def test_nothing_moves_a_call_that_has_ended() -> None:
    call, _ = told(queued(2), left(20))
    again, outcomes = advance(call, Talking(ID, 21, "101"), RULES)
    assert again is call and outcomes == ()


def test_a_call_whose_end_was_not_seen_is_lost() -> None:
    call, _ = told(queued(2), CallLost(ID, 50))
    assert (call.disposition, call.ended_at) == (Disposition.LOST, 50)


def test_hold_time_is_the_sum_over_the_queues_of_one_stretch() -> None:
    call, _ = told(queued(2), HoldEnded(ID, 10), queued(11, "overflow"), Talking(ID, 13, "101"), left(20))
    assert (call.hold_seconds, call.queue, call.hold_started_at) == (10, "overflow", 2)


def test_hold_time_of_an_abandoned_call_is_that_of_the_stretch_it_ended_in() -> None:
    call, _ = told(queued(2), Talking(ID, 5), queued(10), left(17))
    assert (call.disposition, call.hold_seconds) == (Disposition.ABANDONED, 7)


def test_hold_time_of_an_answered_call_is_that_of_its_first_stretch() -> None:
    call, _ = told(queued(2), Talking(ID, 5), on_hold(8), Talking(ID, 18), left(20))
    assert call.hold_seconds == 3


def test_a_seat_that_was_taken_over_brings_its_waiting_time() -> None:
    call, _ = told(Talking(ID, 2), on_hold(4), Talking(ID, 7), queued(7.1, since=4.0), left(13))
    assert call.hold_seconds == pytest.approx(9)


def test_waits_that_overlap_count_once() -> None:
    call, _ = told(on_hold(4), queued(7, since=5), left(13))
    assert call.hold_seconds == 9


def test_a_caller_who_never_held_has_no_hold_time() -> None:
    call, _ = told(Ringing(ID, 1), left(4))
    assert (call.hold_seconds, call.ring_seconds) == (None, 3)


def test_giving_up_while_a_phone_rings_is_told_from_ringing_out() -> None:
    gave_up, _ = told(Ringing(ID, 1), left(4))
    rang_out, _ = told(Ringing(ID, 1), no_answer(13), left(13, hung_up=False))
    assert (gave_up.gave_up_ringing, rang_out.gave_up_ringing) == (True, False)


def test_ringing_adds_up_over_the_phones_that_were_tried() -> None:
    call, _ = told(Ringing(ID, 1), no_answer(6), Ringing(ID, 7), left(10))
    assert call.ring_seconds == 8


def test_voicemail_counts_as_answered_where_the_practice_says_so() -> None:
    call, _ = told(Ringing(ID, 1), VoicemailTook(ID, 9), left(20), rules=Rules(voicemail_answers=True))
    assert (call.disposition, call.voicemail, call.answered_by) == (Disposition.ANSWERED, True, "voicemail")


def test_the_key_asks_for_a_text_only_on_hold() -> None:
    assert told(queued(2), key(9))[1] == [Outcome.TEXT_ASKED]
    for facts in ([key(9)], [Ringing(ID, 1), key(9)], [queued(2), Talking(ID, 5), key(9)]):
        assert told(*facts)[1] == []


def test_another_key_means_nothing() -> None:
    assert told(queued(2), key(9, "7"))[1] == []


def test_a_repeated_key_asks_once() -> None:
    assert told(queued(2), key(9), key(10))[1] == [Outcome.TEXT_ASKED]


def test_a_given_text_makes_the_call_texted_with_the_wait_up_to_the_key() -> None:
    call, _ = told(queued(2), key(9), TextGiven(ID, 9), left(30))
    assert (call.disposition, call.hold_seconds) == (Disposition.TEXTED, 7)


def test_a_refused_text_changes_nothing() -> None:
    call, _ = told(queued(2), key(9), TextRefused(ID, 9, "landline"), left(30))
    assert (call.disposition, call.hold_seconds) == (Disposition.ABANDONED, 28)


def test_a_text_and_then_a_talk_is_answered() -> None:
    call, _ = told(queued(2), key(9), TextGiven(ID, 9), Talking(ID, 15), left(30))
    assert (call.disposition, call.texted) == (Disposition.ANSWERED, True)


def test_the_hold_threshold_is_a_deadline_that_counts_earlier_waits() -> None:
    call, _ = told(queued(2))
    assert call.deadline == 32
    call, _ = told(queued(2), HoldEnded(ID, 12), queued(20))
    assert call.deadline == 40


def test_the_offer_is_noted_once_at_the_threshold() -> None:
    call, _ = told(queued(2), DeadlinePassed(ID, 32), HoldEnded(ID, 40), queued(41))
    assert (call.offered_at, call.deadline) == (32, None)


def test_no_threshold_where_no_text_is_offered() -> None:
    assert told(queued(2), rules=Rules())[0].deadline is None


def test_what_the_dialplan_says_holds_though_the_end_was_heard_first() -> None:
    said = NobodyAnswered(ID, 6.0, NoAnswer.UNREACHABLE, told=True)
    call, outcomes = told(left(5.0), said)
    assert (call.disposition, call.no_answer, call.ended_at) == (Disposition.MISSED, NoAnswer.UNREACHABLE, 5.0)
    assert outcomes == [Outcome.ENDED, Outcome.ENDED]
    assert told(left(5.0), Handled(ID, 6.0), Handled(ID, 7.0))[1] == [Outcome.ENDED, Outcome.ENDED]


@pytest.mark.parametrize("before", [queued(1.0), Talking(ID, 1.0)])
def test_what_the_dialplan_says_after_the_end_changes_nothing_that_was_seen(before: Fact) -> None:
    call, _ = told(before, left(5.0))
    late = NobodyAnswered(ID, 6.0, NoAnswer.UNREACHABLE, told=True)
    assert advance(call, late, RULES) == (call, ())
    assert advance(call, no_answer(6.0), RULES) == (call, ())


def test_a_number_that_is_hidden_is_not_kept() -> None:
    call = arrive(CallerArrived(ID, 1.0, "main", "1.1", "+12025550143", "Jane", None, withheld=True))
    assert (call.number, call.withheld) == (None, True)


def test_a_number_that_turns_out_to_be_hidden_is_forgotten() -> None:
    call, _ = told(CallerKnown(ID, 1, None, withheld=True))
    assert (call.number, call.withheld) == (None, True)
