"""Whom we text: each guard with its reason and its sentence, and the words of the text itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.practices import practice
from textback.call import Call, Phase
from textback.directory import Directory
from textback.events import NoAnswer
from textback.guards import Case
from textback.model import Decision, Disposition, Flow, Known, Spent, Verdict
from textback.policy import decide, decide_again, flow_of, number_of, without_flow

NOON = 1_800_014_400.0  # 2027-01-15 12:00 UTC, a Friday
CALLER = "+12025550143"


def abandoned_call(**changes: Any) -> Call:
    call = Call(
        id="main/1.1",
        pbx="main",
        linkedid="1.1",
        started_at=NOON - 100,
        number=CALLER,
        queue="support",
        hold_started_at=NOON - 95,
        stretch=95.0,
        phase=Phase.ENDED,
        ended_at=NOON,
        hung_up=True,
        disposition=Disposition.ABANDONED,
    )
    return replace(call, **changes)


def missed_call(**changes: Any) -> Call:
    values = {"disposition": Disposition.MISSED, "hold_started_at": None, "queue": None, "stretch": 0.0}
    return abandoned_call(**(values | {"ring_seconds": 12.0, "no_answer": NoAnswer.RANG_OUT} | changes))


def case(call: Call, known: Known = Known(), later: float = 15.0, came_back: str | None = None, **want: Any) -> Case:
    home = Directory([practice(**want)]).home("main", call.queue, call.did)
    flow = flow_of(call, home)
    assert home and flow
    number = number_of(call, home[0].region)
    return Case(call, flow, home, number, known, NOON, NOON + later, came_back)


def asked_for(**changes: Any) -> Decision:
    """The decision about somebody who asks for a text at noon, on hold since ten minutes."""
    waiting = {"phase": Phase.WAITING, "waiting_since": NOON - 600, "stretch": 0.0, "hold_started_at": NOON - 600}
    call = abandoned_call(**(waiting | {"ended_at": None, "disposition": None, "asked_at": NOON} | changes))
    home = Directory([practice(call_to_text__message={"en": "{practice}: after {wait}"})]).home("main", "support", None)
    assert home
    return decide(Case(call, Flow.CALL_TO_TEXT, home, number_of(call, "US"), Known(), NOON, NOON))


def test_who_asks_for_a_text_is_told_how_long_they_have_waited_by_then() -> None:
    decision = asked_for()
    assert decision.body == "Riverside: after 10 minutes"
    assert decision.why == "text: asked for it by key after 10 min 0 s on hold in support"
    assert asked_for(waiting_since=None, stretch=130.0).body == "Riverside: after 2 minutes"
    assert asked_for(first_stretch=5.0).body == "Riverside: after 10 minutes"


def test_a_text_that_waited_does_not_leave_if_another_one_did_since() -> None:
    decision = decide_again(case(abandoned_call(), Known(last_automatic_text=NOON + 60), later=36_000.0))
    assert decision and (decision.verdict, decision.reason) == (Verdict.SKIP, "cooldown")
    assert decide_again(case(abandoned_call(), Known(last_automatic_text=NOON), later=36_000.0)) is None
    known = Known(last_automatic_text=NOON + 60)
    assert decide_again(case(abandoned_call(), known, later=36_000.0, guards__cooldown=0)) is None


def test_what_holds_for_one_queue_holds_for_it_alone() -> None:
    rules = Directory([practice(missed__queue={"sales": {"voicemail": "answered"}})])
    assert rules.rules("main", "sales", None).voicemail_answers
    assert not rules.rules("main", "support", None).voicemail_answers


def test_voicemail_that_counts_as_an_answer_is_called_so() -> None:
    call = abandoned_call(disposition=Disposition.ANSWERED, answered_by="voicemail", voicemail=True)
    assert without_flow(call).why == "skip: voicemail took the call, which counts as answered"


def test_a_caller_who_gave_up_on_hold_gets_a_text_and_a_sentence() -> None:
    assert decide(case(abandoned_call())) == Decision(
        Verdict.TEXT,
        "abandoned",
        "text: hung up after 1 min 35 s on hold in support",
        Flow.ABANDONED,
        "Riverside: we got disconnected.",
        "+12025550100",
    )


@pytest.mark.parametrize(
    ("reason", "call", "known", "want"),
    [
        ("flow_off", abandoned_call(), Known(), {"abandoned__enabled": False}),
        ("flow_off", abandoned_call(), Known(), {"abandoned__hours": "closed"}),
        ("flow_off", abandoned_call(), Known(), {"abandoned__queue": {"support": {"enabled": False}}}),
        ("flow_off", missed_call(), Known(), {"missed__during_hours": {"enabled": False}}),
        ("handled", abandoned_call(handled=True), Known(), {}),
        ("withheld_number", abandoned_call(number=None), Known(), {}),
        ("withheld_number", abandoned_call(number="anonymous"), Known(), {}),
        ("withheld_number", abandoned_call(withheld=True), Known(), {}),
        ("bad_number", abandoned_call(tampered=True), Known(), {}),
        ("bad_number", abandoned_call(number="201"), Known(), {}),
        ("bad_number", abandoned_call(number="911"), Known(), {}),
        ("bad_number", abandoned_call(number="+18005550100"), Known(), {}),
        ("bad_number", abandoned_call(number="+19005550100"), Known(), {}),
        ("bad_number", abandoned_call(number="1" * 40), Known(), {}),
        ("country", abandoned_call(number="+442079460000"), Known(), {}),
        ("blocked_number", abandoned_call(), Known(), {"guards__blocked": [CALLER]}),
        ("blocked_number", abandoned_call(), Known(), {"guards__blocked": ["+1202555"]}),
        ("opted_out", abandoned_call(), Known(opted_out=True), {}),
        ("test_mode", abandoned_call(), Known(), {"practice__mode": "test"}),
        ("landline", abandoned_call(), Known(landline=True), {}),
        ("short_hold", abandoned_call(stretch=4.9), Known(), {}),
        ("short_ring", missed_call(ring_seconds=4.0, gave_up_ringing=True), Known(), {}),
        ("came_back", abandoned_call(), Known(staff_reached_at=NOON + 3), {}),
        ("in_conversation", abandoned_call(), Known(staff_wrote_at=NOON - 60), {}),
        ("cooldown", abandoned_call(), Known(last_automatic_text=NOON - 3600), {}),
        ("cooldown", abandoned_call(), Known(last_automatic_text=NOON - 5 * 3600, text_waits=True), {}),
    ],
)
def test_each_guard_keeps_a_text_back(reason: str, call: Call, known: Known, want: dict[str, Any]) -> None:
    decision = decide(case(call, known, **want))
    assert (decision.verdict, decision.reason, decision.body) == (Verdict.SKIP, reason, None)
    assert decision.why.startswith("skip: ") and CALLER not in decision.why


@pytest.mark.parametrize(
    ("call", "known", "want"),
    [
        (abandoned_call(number="2025550143"), Known(), {}),
        (abandoned_call(number="+15559870001"), Known(), {}),  # possible, in no numbering plan
        (abandoned_call(number="+442079460000"), Known(), {"guards__countries": ["US", "GB"]}),
        (abandoned_call(), Known(), {"practice__mode": "test", "practice__test_numbers": [CALLER]}),
        (abandoned_call(stretch=5.0), Known(), {}),
        (missed_call(ring_seconds=0.5, no_answer=NoAnswer.BUSY), Known(), {}),  # busy at once is no giving up
        (abandoned_call(), Known(staff_reached_at=NOON - 3), {}),
        (abandoned_call(), Known(last_automatic_text=NOON - 5 * 3600), {}),
    ],
)
def test_what_no_guard_applies_to_is_texted(call: Call, known: Known, want: dict[str, Any]) -> None:
    assert decide(case(call, known, **want)).verdict == Verdict.TEXT


def test_the_guards_apply_in_the_order_of_the_contract() -> None:
    """Every guard would speak; each is taken away in its turn, and the next one does."""
    reasons = []
    call = abandoned_call(handled=True, number=None, stretch=1.0)
    known = Known(
        opted_out=True, landline=True, last_automatic_text=NOON, staff_wrote_at=NOON, staff_reached_at=NOON + 1
    )
    want: dict[str, Any] = {"abandoned__enabled": False, "practice__mode": "test", "guards__blocked": ["+33"]}
    later = 3600.0
    steps: list[Any] = [
        lambda: want.update(abandoned__enabled=True),
        lambda: change(handled=False),
        lambda: change(number="+331"),
        lambda: change(number="+33612345678"),
        lambda: want.update(guards__countries=["US", "FR"]),
        lambda: want.update(guards__blocked=[]),
        lambda: know(opted_out=False),
        lambda: want.update(practice__mode="live"),
        lambda: know(landline=False),
        lambda: change(stretch=95.0),
        lambda: late(15.0),
        lambda: know(staff_reached_at=None),
        lambda: know(staff_wrote_at=None),
        lambda: know(last_automatic_text=None),
    ]

    def change(**changes: Any) -> None:
        nonlocal call
        call = replace(call, **changes)

    def know(**changes: Any) -> None:
        nonlocal known
        known = replace(known, **changes)

    def late(seconds: float) -> None:
        nonlocal later
        later = seconds

    for step in steps:
        reasons.append(decide(case(call, known, later=later, **want)).reason)
        step()
    assert reasons == [
        "flow_off", "handled", "withheld_number", "bad_number", "country", "blocked_number", "opted_out", "test_mode",
        "landline", "short_hold", "too_old", "came_back", "in_conversation", "cooldown",
    ]  # fmt: skip
    assert decide(case(call, known, **want)).verdict == Verdict.TEXT


def test_who_was_served_otherwise_is_a_case_for_none_of_the_texts() -> None:
    decision = decide(case(abandoned_call(handled=True)))
    assert (decision.flow, decision.why) == (None, "skip: the dialplan served the caller otherwise")


def test_a_text_that_comes_too_late_is_held_for_staff() -> None:
    decision = decide(case(abandoned_call(), later=601))
    assert (decision.verdict, decision.reason) == (Verdict.HELD, "too_old")
    assert decision.why == "held: hung up after 1 min 35 s on hold in support, but that is 10 min 1 s ago"
    assert decision.body


EVENING = NOON + 10 * 3600  # 22:00 UTC


def test_in_quiet_hours_a_text_waits_for_their_end() -> None:
    quiet = case(abandoned_call(), guards__quiet_hours="21:00-08:00")
    decision = decide(replace(quiet, at=EVENING, now=EVENING + 15))
    assert (decision.verdict, decision.due_at) == (Verdict.TEXT, EVENING + 10 * 3600)
    assert decision.why.endswith("; it waits for the end of the quiet hours")
    assert decide(quiet).due_at is None


def test_a_text_that_would_wait_too_long_for_the_quiet_hours_to_end_is_skipped() -> None:
    quiet = case(abandoned_call(), guards__quiet_hours="21:00-08:00", guards__quiet_hold="2h")
    assert decide(replace(quiet, at=EVENING, now=EVENING + 15)).reason == "quiet_hours"


def test_a_text_whose_turn_comes_in_quiet_hours_waits_once_more_but_not_too_long() -> None:
    quiet = case(abandoned_call(), guards__quiet_hours="21:00-08:00")
    decision = decide_again(replace(quiet, at=EVENING - 7200, now=EVENING))
    assert decision is not None
    assert (decision.verdict, decision.due_at) == (Verdict.TEXT, EVENING + 10 * 3600)
    decision = decide_again(replace(quiet, at=EVENING - 7201, now=EVENING))
    assert decision is not None
    assert (decision.verdict, decision.reason) == (Verdict.SKIP, "quiet_hours")
    assert decide_again(replace(quiet, at=EVENING, now=EVENING + 10 * 3600)) is None
    assert decide_again(replace(quiet, flow=Flow.CALL_TO_TEXT, at=EVENING, now=EVENING)) is None


@pytest.mark.parametrize(
    ("spent", "held"),
    [
        (Spent(minute=59, day=59), False),
        (Spent(minute=60, day=60), True),
        (Spent(day=2000), True),
        (Spent(prefixes={"+1202555": 10}), True),
        (Spent(prefixes={"+1202556": 10}), False),
    ],
)
def test_what_goes_over_the_budget_is_held(spent: Spent, held: bool) -> None:
    decision = decide(replace(case(abandoned_call()), spent=spent))
    assert (decision.reason == "budget", decision.verdict is Verdict.HELD) == (held, held)


def test_a_caller_who_came_back_is_not_texted() -> None:
    decision = decide(case(abandoned_call(), came_back="the caller called again 4 s later"))
    assert (decision.reason, decision.why) == ("came_back", "skip: the caller called again 4 s later")


def test_missed_calls_have_two_texts_by_the_hours_of_the_practice() -> None:
    closed = {"hours": {"mon": ["08:00-12:00"]}}
    assert decide(case(missed_call())).body == "Sorry we missed you, there. Riverside"
    assert decide(case(missed_call(), **closed)).body == "Riverside is closed."


def test_an_unreached_caller_counts_as_missed_outside_hours_where_the_practice_wants_it() -> None:
    call = missed_call(disposition=Disposition.UNREACHED, ring_seconds=None, no_answer=None)
    closed = practice(hours={"mon": ["08:00-12:00"]}, missed__count_unreached_outside_hours=True)
    assert flow_of(call, Directory([closed]).home("main", None, None)) is Flow.MISSED
    assert flow_of(call, Directory([practice()]).home("main", None, None)) is None


def test_a_first_name_is_said_only_to_verified_callers() -> None:
    assert "Jane" not in (decide(case(missed_call(), Known("Jane"))).body or "")
    assert "Jane" in (decide(case(missed_call(), Known("Jane", contact_verified=True))).body or "")


@pytest.mark.parametrize(
    ("channel", "contact", "text"),
    [
        (None, None, "Riverside: we got disconnected."),
        ("es", None, "Riverside: se cortó."),
        ("es-MX", None, "Riverside: se cortó."),
        ("fr", None, "Riverside: we got disconnected."),
        ("en", "es", "Riverside: se cortó."),
    ],
)
def test_the_language_is_the_contacts_then_the_channels_then_the_practices(
    channel: str | None, contact: str | None, text: str
) -> None:
    assert decide(case(abandoned_call(language=channel), Known(contact_language=contact))).body == text


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (abandoned_call(hung_up=False), "text: was cut off after 1 min 35 s on hold in support"),
        (missed_call(), "text: nobody picked up"),
        (missed_call(voicemail=True), "text: nobody answered, voicemail took the call"),
        (missed_call(queue="support", no_answer=NoAnswer.QUEUE_FULL), "text: there was no room in support"),
        (missed_call(gave_up_ringing=True), "text: hung up after 12 s of ringing"),
    ],
)
def test_the_sentence_says_how_the_call_was_lost(call: Call, why: str) -> None:
    assert decide(case(call)).why == why


@pytest.mark.parametrize(
    ("call", "reason", "why"),
    [
        (
            abandoned_call(disposition=Disposition.ANSWERED, answered_at=NOON - 58, answered_by="104"),
            "answered",
            "skip: answered by 104 after 42 s",
        ),
        (
            abandoned_call(disposition=Disposition.UNREACHED),
            "unreached",
            "skip: left before anybody was dialled or queued for",
        ),
        (
            abandoned_call(disposition=Disposition.LOST),
            "unobserved",
            "skip: the end of the call was not seen, and no record tells it",
        ),
    ],
)
def test_a_call_that_is_no_reason_for_a_text_has_its_sentence_too(call: Call, reason: str, why: str) -> None:
    decision = without_flow(call)
    assert (decision.verdict, decision.reason, decision.why) == (Verdict.SKIP, reason, why)


def test_what_a_queue_says_in_its_own_words_goes_before_what_the_practice_says() -> None:
    own = {"message": {"en": "{practice}, {queue}: sorry!"}, "enabled": True}
    assert decide(case(abandoned_call(), abandoned__queue={"support": own})).body == "Riverside, support: sorry!"
    only_there = {"enabled": False, "queue": {"main/support": own}}
    assert decide(case(abandoned_call(), abandoned=only_there)).body == "Riverside, support: sorry!"
    missed = {"support": {"during_hours": own}}
    assert decide(case(missed_call(queue="support"), missed__queue=missed)).body == "Riverside, support: sorry!"


def test_in_the_queue_of_its_own_words_other_languages_keep_those_of_the_practice() -> None:
    own = {"support": {"message": {"en": "{practice}, {queue}: sorry!"}}}
    spanish = case(abandoned_call(), Known(contact_language="es"), abandoned__queue=own)
    assert decide(spanish).body == "Riverside: se cortó."


@pytest.mark.parametrize(
    ("flow", "told"),
    [
        (Flow.CALL_TO_TEXT, "asked for it elsewhere"), (Flow.ABANDONED, "gave up elsewhere"),
        (Flow.MISSED, "nobody answered elsewhere"),
    ],
)  # fmt: skip
def test_of_a_caller_whom_no_pbx_saw_no_more_is_said_than_was_told(flow: Flow, told: str) -> None:
    call = abandoned_call(id="", pbx="", linkedid="", queue=None, hold_started_at=None, stretch=0.0, disposition=None)
    home = Directory([practice()]).home("", None, None, "Riverside")
    assert home
    decision = decide(Case(call, flow, home, number_of(call, "US"), Known(), NOON, NOON))
    assert (decision.verdict, decision.reason) == (Verdict.TEXT, flow)
    assert decision.why == f"text: {told}, so a webhook says"


def left_out(**want: Any) -> Case:
    """A caller whom chance leaves out: half of all calls are, and this is one of them."""
    return case(abandoned_call(id="main/4.1"), guards__holdout=50, **want)


def test_chance_is_the_last_to_leave_somebody_out() -> None:
    decision = decide(left_out())
    assert (decision.verdict, decision.reason, decision.flow) == (Verdict.SKIP, "holdout", Flow.ABANDONED)
    assert decision.why == (
        "skip: hung up after 1 min 35 s on hold in support, but left out by the holdout of 50 %, to compare with those"
        " who are texted"
    )
    assert decide(left_out(came_back="they called again")).reason == "came_back"
    assert decide(replace(left_out(guards__per_day=1), spent=Spent(day=1))).reason == "budget"
