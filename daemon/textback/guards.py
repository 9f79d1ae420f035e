"""Why a text is not sent: one small function per guard, a sentence where it applies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textback import hours
from textback.call import Call
from textback.directory import Home
from textback.model import Flow, Known, Spent
from textback.numbers import Number, NumberKind, calling_code
from textback.practice import Practice
from textback.wording import span


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a decision looks at; ``now`` in seconds since the epoch.

    ``at``: when the call ended, or when the caller asked for the text; ``came_back``: what the same number did since.
    """

    call: Call
    flow: Flow
    home: Home
    number: Number
    known: Known
    at: float
    now: float
    came_back: str | None = None
    spent: Spent = Spent()


def queue_named(call: Call) -> str | None:
    """The queue as a practice names it where two PBXes share the name: ``main/support``."""
    return f"{call.pbx}/{call.queue}" if call.queue else None


def queue_of(case: Case) -> str | None:
    """The same, of the call of a case."""
    return queue_named(case.call)


def _flow_off(case: Case) -> str | None:
    practice = case.home[0]
    is_open = hours.is_open(practice.hours, practice.timezone, case.at)
    if case.flow is Flow.MISSED:
        missed = practice.missed.for_queue(queue_of(case))
        setting = missed.during_hours if is_open else missed.outside_hours
        when = "during" if is_open else "outside"
        return None if setting.enabled else f"texts for missed calls {when} hours are off"
    asked = case.flow is Flow.CALL_TO_TEXT
    flow = (practice.call_to_text if asked else practice.abandoned).for_queue(queue_of(case))
    if not flow.enabled:
        return f"texts of the flow {case.flow} are off"
    if asked:
        is_open = hours.is_open(practice.texting_hours, practice.timezone, case.at)
    return None if flow.hours == "always" or (flow.hours == "open") == is_open else _wrong_hours(case, is_open)


def _wrong_hours(case: Case, is_open: bool) -> str:
    return f"texts of the flow {case.flow} are off while the practice is {'open' if is_open else 'closed'}"


def _handled(case: Case) -> str | None:
    return "the dialplan served the caller otherwise" if case.call.handled else None


def _withheld(case: Case) -> str | None:
    return "the caller's number is withheld" if case.number.kind is NumberKind.WITHHELD else None


_BAD_NUMBERS = {
    NumberKind.INVALID: "the caller's number is no possible phone number",
    NumberKind.EXTENSION: "the caller's number is an extension",
    NumberKind.EMERGENCY: "the caller's number is an emergency number",
    NumberKind.TOLL_FREE: "the caller's number is toll-free",
    NumberKind.PREMIUM: "the caller's number is a premium number",
}


def _bad_number(case: Case) -> str | None:
    if case.call.tampered:
        return "the caller's number carried forged PBX messages"
    return _BAD_NUMBERS.get(case.number.kind)


def is_foreign(practice: Practice, number: Number) -> bool:
    """Whether a number is from a country that the practice does not text."""
    return _region(practice, number) not in (practice.guards.countries or (practice.region,))


def is_blocked(practice: Practice, e164: str) -> bool:
    """Whether a number is on the practice's block list."""
    return any(e164.startswith(prefix) for prefix in practice.guards.blocked)


def _region(practice: Practice, number: Number) -> str | None:
    region = number.region
    return practice.region if region is None and number.calling_code == calling_code(practice.region) else region


def _country(case: Case) -> str | None:
    practice, number = case.home[0], case.number
    where = _region(practice, number) or "an unknown country"
    return f"the number is from {where}" if is_foreign(practice, number) else None


def _blocked(case: Case) -> str | None:
    hit = is_blocked(case.home[0], case.number.e164 or "")
    return "the number is on the practice's block list" if hit else None


def _opted_out(case: Case) -> str | None:
    return "the caller opted out of texts" if case.known.opted_out else None


def _test_mode(case: Case) -> str | None:
    practice = case.home[0]
    hit = practice.mode == "test" and case.number.e164 not in practice.test_numbers
    return "the practice is in test mode, and this is no test number" if hit else None


def _landline(case: Case) -> str | None:
    return "the number is known not to receive texts" if case.known.landline else None


def _short_hold(case: Case) -> str | None:
    if case.flow is not Flow.ABANDONED:
        return None
    least = case.home[0].abandoned.for_queue(queue_of(case)).min_hold
    held = case.call.hold_seconds  # None where no PBX of ours saw the wait, and somebody else says that it was one
    return f"hung up after only {span(held)} on hold" if held is not None and held < least else None


def _short_ring(case: Case) -> str | None:
    if case.flow is not Flow.MISSED or not case.call.gave_up_ringing:
        return None
    rang = case.call.ring_seconds or 0.0
    least = case.home[0].missed.for_queue(queue_of(case)).min_ring
    return f"hung up after only {span(rang)} of ringing" if rang < least else None


def _came_back(case: Case) -> str | None:
    if case.flow is Flow.CALL_TO_TEXT:
        return None
    reached = case.known.staff_reached_at
    if reached is not None and reached >= case.at:
        return f"staff reached the caller {span(reached - case.at)} later"
    return case.came_back


def _in_conversation(case: Case) -> str | None:
    wrote = case.known.staff_wrote_at
    recent = wrote is not None and case.now - wrote < case.home[0].guards.in_conversation
    return "staff are writing with the caller" if recent and case.flow is not Flow.CALL_TO_TEXT else None


def _cooldown(case: Case) -> str | None:
    practice, last = case.home[0], case.known.last_automatic_text
    asked = case.flow is Flow.CALL_TO_TEXT
    cooldown = practice.call_to_text.for_queue(queue_of(case)).cooldown if asked else practice.guards.cooldown
    if case.known.text_waits and cooldown > 0 and not asked:
        return "a text to the caller waits already"
    if last is None or case.now - last >= cooldown:
        return None
    return f"the caller was texted {span(max(0.0, case.now - last))} before"


def _texted_since(case: Case) -> str | None:
    """Of two automatic texts for one loss, the one that had to wait does not leave."""
    last = case.known.last_automatic_text
    is_second = last is not None and last > case.at and case.home[0].guards.cooldown > 0
    return "the caller was texted since" if is_second and case.flow is not Flow.CALL_TO_TEXT else None


Guard = Callable[[Case], str | None]

#: the first one gives the reason; ``too_old`` stands between the two halves, since it holds instead of skipping
GUARDS: tuple[tuple[str, Guard], ...] = (
    ("flow_off", _flow_off),
    ("handled", _handled),
    ("withheld_number", _withheld),
    ("bad_number", _bad_number),
    ("country", _country),
    ("blocked_number", _blocked),
    ("opted_out", _opted_out),
    ("test_mode", _test_mode),
    ("landline", _landline),
    ("short_hold", _short_hold),
    ("short_ring", _short_ring),
)
LATE_GUARDS: tuple[tuple[str, Guard], ...] = (
    ("came_back", _came_back),
    ("in_conversation", _in_conversation),
    ("cooldown", _cooldown),
)

#: what may have changed while a text waited for its turn
AGAIN: tuple[tuple[str, Guard], ...] = (
    ("flow_off", _flow_off),
    ("country", _country),
    ("blocked_number", _blocked),
    ("opted_out", _opted_out),
    ("test_mode", _test_mode),
    ("landline", _landline),
    ("came_back", _came_back),
    ("in_conversation", _in_conversation),
    ("cooldown", _texted_since),
)
