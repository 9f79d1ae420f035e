"""Whom we text, and what: every call gets a verdict, a reason code and one sentence that staff can read."""

from __future__ import annotations

from collections.abc import Mapping

from textback import hours, template
from textback.call import Call
from textback.directory import Home
from textback.guards import AGAIN, GUARDS, LATE_GUARDS, Case, queue_named, queue_of
from textback.limits import HOLDOUT, is_held_out, over_budget, quiet_until
from textback.model import Decision, Disposition, Flow, Verdict
from textback.numbers import Number, NumberKind, read
from textback.practice import message_in
from textback.wording import answered, ended, span

TOO_LATE = "it would be too late when the quiet hours end"


def flow_of(call: Call, home: Home | None) -> Flow | None:
    """The flow that a call which ended may start, if any."""
    if call.disposition == Disposition.ABANDONED:
        return Flow.ABANDONED
    if call.disposition == Disposition.MISSED:
        return Flow.MISSED
    if call.disposition == Disposition.UNREACHED and home and call.ended_at is not None:
        practice = home[0]
        counts = practice.missed.for_queue(queue_named(call)).count_unreached_outside_hours
        if counts and not hours.is_open(practice.hours, practice.timezone, call.ended_at):
            return Flow.MISSED
    return None


def without_flow(call: Call) -> Decision:
    """The verdict on a call that is no reason for a text."""
    if call.disposition == Disposition.ANSWERED:
        return skip("answered", answered(call))
    if call.disposition == Disposition.LOST:
        return skip("unobserved", "the end of the call was not seen, and no record tells it")
    return skip("unreached", "left before anybody was dialled or queued for")


def no_practice(call: Call, flow: Flow) -> Decision:
    """The verdict on a lost call that no practice takes."""
    return skip("no_practice", f"{ended(call, flow)}, but no practice takes this queue or number", flow)


def skip(reason: str, sentence: str, flow: Flow | None = None) -> Decision:
    return Decision(Verdict.SKIP, reason, f"skip: {sentence}", flow)


def number_of(call: Call, region: str) -> Number:
    """The caller's number as it may be used: a hidden or forged one is none."""
    if call.tampered:
        return Number(None, NumberKind.INVALID)
    return Number(None, NumberKind.WITHHELD) if call.withheld else read(call.number, region)


def number_asked(call: Call, region: str) -> Number:
    """The number that the caller wants the text to go to: another one, if they keyed it in."""
    return read(call.text_number, region) if call.text_number and not call.tampered else number_of(call, region)


def decide(case: Case) -> Decision:
    """Text, skip or hold: the first guard that applies gives the reason."""
    for reason, guard in GUARDS:
        sentence = guard(case)
        if sentence:
            return skip(reason, sentence, None if reason == "handled" else case.flow)
    late = case.now - case.at
    body = _body(case)
    if 0 < case.home[0].guards.max_age < late:
        why = f"held: {ended(case.call, case.flow)}, but that is {span(late)} ago"
        return Decision(Verdict.HELD, "too_old", why, case.flow, body, case.home[1].number)
    for reason, guard in LATE_GUARDS:
        sentence = guard(case)
        if sentence:
            return skip(reason, sentence, case.flow)
    quiet = quiet_until(case)
    if quiet is not None and quiet - case.at > case.home[0].guards.quiet_hold:
        return skip("quiet_hours", TOO_LATE, case.flow)
    told, line = ended(case.call, case.flow), case.home[1].number
    too_many = over_budget(case)
    if too_many:
        return Decision(Verdict.HELD, "budget", f"held: {told}, but {too_many}", case.flow, body, line)
    if is_held_out(case):
        left_out = f"left out by the holdout of {case.home[0].guards.holdout} %, to compare with those who are texted"
        return skip(HOLDOUT, f"{told}, but {left_out}", case.flow)
    waits = "" if quiet is None else "; it waits for the end of the quiet hours"
    return Decision(Verdict.TEXT, case.flow, f"text: {told}{waits}", case.flow, body, line, quiet)


def decide_again(case: Case) -> Decision | None:
    """Why a text that waited for its turn may not leave any more, or until when it must wait; None if it may."""
    for reason, guard in AGAIN:
        sentence = guard(case)
        if sentence:
            return skip(reason, sentence, case.flow)
    quiet = quiet_until(case)
    if quiet is None:
        return None
    if quiet - case.at > case.home[0].guards.quiet_hold:
        return skip("quiet_hours", TOO_LATE, case.flow)
    return Decision(Verdict.TEXT, case.flow, "text: it waits for the end of the quiet hours", case.flow, due_at=quiet)


def _body(case: Case) -> str:
    practice, line = case.home
    language, text = _text(case)
    held = case.call.hold_when_asked if case.flow is Flow.CALL_TO_TEXT else case.call.hold_seconds
    waited = case.call.ring_seconds if held is None else held
    values = {
        "practice": practice.name,
        "line": line.name,
        "queue": case.call.queue or "",
        "wait": template.wait_words(waited or 0.0, language),
        "first_name": (case.known.contact_first_name or "") if case.known.contact_verified else "",
        "url": practice.url or "",
    }
    return template.render(text, values)


def _text(case: Case) -> tuple[str, str]:
    """The text in the language that the dialplan says, else the contact's, the channel's, the practice's.

    The first of them counts that there is one in.
    """
    practice, messages = case.home[0], _messages(case)
    for language in (case.call.lang, case.known.contact_language, case.call.language, practice.language):
        text = message_in(messages, language)
        if language and text is not None:
            return language, text
    return practice.language, messages[practice.language]


def _messages(case: Case) -> Mapping[str, str]:
    practice, queue = case.home[0], queue_of(case)
    if case.flow is Flow.CALL_TO_TEXT:
        return practice.call_to_text.for_queue(queue).message
    if case.flow is Flow.ABANDONED:
        return practice.abandoned.for_queue(queue).message
    missed = practice.missed.for_queue(queue)
    is_open = hours.is_open(practice.hours, practice.timezone, case.at)
    return (missed.during_hours if is_open else missed.outside_hours).message
