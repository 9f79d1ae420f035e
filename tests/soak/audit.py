"""Lays what the daemon stored beside the simulator's own books: a call at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.twilio import Taken
from tests.soak.spans import Spans
from tests.soak.switch import CUT
from tests.soak.visits import ABANDONED, ANSWERED, LOST, MISSED, TEXTED, UNREACHED, Expected, Visit

Row = Mapping[str, Any]

#: a caller who held, or rang, too briefly, because what happened was read late and all at once
_SHORT = {"abandoned": "short_hold", "missed": "short_ring"}
#: what comes of it if a hook, or a key, did not reach the daemon
_UNASKED = {"asks by hook": ABANDONED, "presses 5": ABANDONED, "served": ABANDONED, "turned away": UNREACHED}
#: where the verdict depends on another call, or on an answer to it
_DEPENDS = ("comes back", "called back", "again", "says stop")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What excuses a daemon. ``blind``: it did not see all of the call; ``unseen``: it saw nothing of it at all.

    ``late``: it was frozen, or told late; ``trouble``: something kept texts from leaving in time.
    """

    blind: bool = False
    unseen: bool = False
    late: bool = False
    trouble: bool = False


def faults_of(visit: Visit, row: Row | None, texts: Sequence[Row], seen: Circumstances) -> list[str]:
    """What is wrong with a call that is over, a sentence each."""
    if row is None:
        return [] if seen.unseen else [f"{_told(visit)}: no such call is stored"]
    found = []
    became = (row["disposition"], row["verdict"], row["reason"])
    allowed = may_become(visit, seen)
    if became not in {(one.disposition, one.verdict, one.reason) for one in allowed}:
        names = " or ".join("/".join((one.disposition, one.verdict, one.reason)) for one in allowed)
        found.append(f"{_told(visit)}: became {'/'.join(map(str, became))}, not {names} ({seen})")
    if row["backfilled"] and not seen.blind:
        found.append(f"{_told(visit)}: is backfilled, though it was seen")
    if row["caller"] not in (visit.e164, visit.number or None):
        found.append(f"{_told(visit)}: is stored with another number")
    return found + _faults_of_texts(visit, row, texts)


def may_become(visit: Visit, seen: Circumstances) -> list[Expected]:
    """Everything that such a call may become in such circumstances, what it must become where all was seen first."""
    first = _as_it_went(visit)
    allowed = list(first)
    if seen.blind:
        allowed += [LOST, *_less_seen(visit)]
        allowed += [Expected("lost", "text", "call_to_text")] if TEXTED in first else []
    if visit.cut is not None and seen.blind and ABANDONED in allowed:
        # an agent's phone that rings may be all that was seen of a queue before the PBX was gone
        allowed += [MISSED, Expected("missed", "skip", "short_ring")]
    if visit.cut is not None and TEXTED in _as_planned(visit):
        allowed += [Expected(one.disposition, "text", "call_to_text") for one in first]
        allowed += [TEXTED] if visit.cut != "crash" else []
        allowed += [Expected("lost", "text", "call_to_text")] if seen.blind else []
    if visit.kind in _DEPENDS and (seen.blind or seen.late or seen.trouble):
        allowed += [Expected(ABANDONED.disposition, *one) for one in _DEPENDING]
    if seen.late:
        allowed += [
            Expected(one.disposition, "skip", _SHORT[one.disposition])
            for one in allowed if one.disposition in _SHORT
        ]  # fmt: skip
        allowed += [ABANDONED] if visit.kind == "too short" else []
        allowed += [MISSED] if visit.kind == "quits ringing" else []
        # a hook that says nothing ends the same whether it was heard in time or not
        allowed += [ABANDONED] if visit.kind == "served" else []
        allowed += [UNREACHED] if visit.kind == "turned away" else []
    if seen.trouble:
        held = [one for one in allowed if one.verdict == "text" and one.reason != "call_to_text"]
        allowed += [Expected(one.disposition, "held", "too_old") for one in held]
    return allowed


_DEPENDING = [("text", "abandoned"), ("skip", "came_back"), ("skip", "cooldown"), ("skip", "opted_out")]


def _as_it_went(visit: Visit) -> list[Expected]:
    """What it must become, if all of it was seen."""
    if visit.cut is None:
        return _as_planned(visit)
    cut = CUT[visit.cut]
    if cut is ABANDONED:  # whoever was cut off may have held too briefly for a text, or have been served otherwise
        others = [Expected("abandoned", "skip", "short_hold"), Expected("abandoned", "skip", "handled")]
        return [cut, *others, *(one for one in _as_planned(visit) if one.disposition == "abandoned")]
    if cut is MISSED:
        return [cut, Expected("missed", "skip", "short_ring")]
    # Who was in the menu may have been told by then that nobody will answer.
    return [cut, *_as_planned(visit)] if cut is UNREACHED and visit.kind in _UNASKED else [cut]


def _as_planned(visit: Visit) -> list[Expected]:
    """What it must become by what the hooks said."""
    unasked = _UNASKED.get(visit.kind)
    if unasked is None or visit.expected is unasked:
        return [visit.expected]
    if visit.kind == "presses 5":
        return [visit.expected]
    said = next(iter(visit.said.values()), None)
    if said in ("texted", "done"):
        return [visit.expected]
    return [visit.expected, unasked]  # an error, or no answer: it may have arrived, or not


def _less_seen(visit: Visit) -> list[Expected]:
    """What a call may become if a part of it was not seen; never one that is texted though somebody answered."""
    unasked = _UNASKED.get(visit.kind)
    more = [unasked] if unasked is not None else []
    if visit.expected is not ANSWERED and visit.cut is None:
        # somebody who was seen on hold at a resync only has not waited long, as far as anybody knows
        more += [Expected("abandoned", "skip", "short_hold")] if visit.expected.disposition == "abandoned" else []
        more += [Expected("missed", "skip", "short_ring")] if visit.expected.disposition == "missed" else []
    return more


def _faults_of_texts(visit: Visit, row: Row, texts: Sequence[Row]) -> list[str]:
    found = []
    due = 0 if row["verdict"] == "skip" else 1
    withdrawn = [text for text in texts if text["status"] == "cancelled"]
    if len(texts) > 1 or len(texts) - len(withdrawn) > due or len(texts) < due:
        found.append(f"{_told(visit)}: {len(texts)} texts, with the verdict {row['verdict']}")
    for text in texts:
        if text["to_number"] != visit.e164:
            found.append(f"{_told(visit)}: its text goes to somebody else")
    return found


def faults_of_text(text: Row, taken: Sequence[Taken], offers: Sequence[tuple[float, str | None]]) -> list[str]:
    """What is wrong with a text, beside what the provider knows of it."""
    told = f"text {text['id']} ({text['flow'] or 'by hand'}): {text['status']} ({text['reason']})"
    found, status = [], text["status"]
    if len(taken) > 1:
        found.append(f"{told}: handed over {len(taken)} times")
    for one in taken:
        if (one.to, one.body) != (text["to_number"], text["body"]):
            found.append(f"{told}: the provider has another number, or other words")
        if status not in ("sent", "delivered", "undelivered", "unknown"):
            found.append(f"{told}: but the provider has it")
        if text["provider_id"] not in (None, one.sid):
            found.append(f"{told}: with another provider's id")
    if status in ("sent", "delivered") and not taken:
        found.append(f"{told}: but the provider has it not")
    if status == "unknown" and offers and all(misdeed is None for _, misdeed in offers) and len(taken) != 1:
        found.append(f"{told}: though the provider did nothing wrong")
    if status == "failed" and all("400" not in (misdeed or "") for _, misdeed in offers):
        found.append(f"{told}: though the provider refused nothing")
    return found


def _told(visit: Visit) -> str:
    how = f", cut: {visit.cut}" if visit.cut else ""
    return f"{visit.id} ({visit.kind}{how}; hooks {visit.said or 'none'})"


def when(visit: Visit, blind: Spans) -> str:
    """When things happened to a caller, and when nobody looked, for whoever has to find out what went wrong."""
    marks = [*visit.marks, visit.ended_at or 0.0]
    near = [span for span in blind.all() if span[0] - 10 < max(marks) and min(marks) < span[1] + 10]
    told = " ".join(_clock(mark) for mark in sorted(set(marks)))
    return f"{told}; not followed: {', '.join(f'{_clock(a)}-{_clock(b)}' for a, b in near) or 'never'}"


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(at)) + f"{at % 1:.2f}"[1:] if at < 1e12 else "now"
