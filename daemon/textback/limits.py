"""What makes a text wait: quiet hours for the morning, a spent budget for a person; and whom chance leaves out."""

from __future__ import annotations

import hashlib

from textback import hours
from textback.guards import Case
from textback.model import Flow, prefix_of

#: The reason of a call that would have been texted, had it not been left out so that the two can be compared.
HOLDOUT = "holdout"
#: Seconds after the end of the quiet hours in which all that waited for it may leave, at the provider's rate.
AFTER_QUIET = 3600.0


def quiet_until(case: Case) -> float | None:
    """When the quiet hours end that it is now, in epoch seconds; None if it is not quiet, or the caller asked."""
    practice = case.home[0]
    span_of_day = practice.guards.quiet_hours
    if span_of_day is None or case.flow is Flow.CALL_TO_TEXT:
        return None
    return hours.end_of(span_of_day, practice.timezone, case.now)


def over_budget(case: Case) -> str | None:
    """A sentence if one more text would be too many: for a minute, a day, or numbers that look alike."""
    guards, spent = case.home[0].guards, case.spent
    alike = spent.prefixes.get(prefix_of(case.number.e164 or ""), 0)
    for count, limit, what in (
        (spent.minute, guards.per_minute, "within a minute"),
        (spent.day, guards.per_day, "within a day"),
        (alike, guards.per_prefix, "to numbers like this one within a minute"),
    ):
        if 0 < limit <= count:
            return f"one text {what} is the limit" if limit == 1 else f"{limit} texts {what} are the limit"
    return None


def is_held_out(case: Case) -> bool:
    """Whether chance leaves this caller out, who would be texted otherwise.

    The call's id alone decides, so that a second look, a restart and another daemon decide the same; it is the PBX that
    makes it up. Never those who asked for the text, nor whom no PBX of ours saw: they have no id.
    """
    percent = case.home[0].guards.holdout
    if not percent or case.flow is Flow.CALL_TO_TEXT or not case.call.id:
        return False
    chance = int.from_bytes(hashlib.sha256(f"holdout {case.call.id}".encode()).digest()[:8], "big")
    return chance % 100 < percent
