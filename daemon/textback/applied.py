"""What of a tape another daemon has done already, and what is left to do: by content and order, never by clocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from textback.call import Phase
from textback.clock import STEP
from textback.events import (
    HoldEnded,
    HoldStarted,
    NobodyAnswered,
    Ringing,
    StaffReached,
    Talking,
    VoicemailTook,
)
from textback.heard import TAIL, Heard, Told, fingerprint

#: Seconds, by the clock of whoever has the tape: the PBX may tell two listeners two facts of that age in another order.
MARGIN = 1.0
#: Seconds for which it matters that staff reached somebody, if nobody knows whether it was noted.
RECENT = 900.0

#: what says where a caller is, whatever was before; a wait that ended says only where they are not
_PHASES = (HoldStarted, Ringing, Talking, NobodyAnswered, VoicemailTook)


@dataclass(frozen=True, slots=True)
class Known:
    """A call as the other daemon left it: how far its facts were taken, and what was true then."""

    heard: Heard
    phase: Phase


@dataclass(frozen=True, slots=True)
class Left:
    """What is left to do, in order, and how far the facts of each open call are taken before that."""

    facts: list[Told]
    heard: dict[str, Heard]


def left(
    tape: Sequence[Told], open_calls: Mapping[str, Known], over: Collection[str], now: float, stream: int = 0
) -> Left:
    """What of a ``tape`` stands not yet in the database, where ``over`` are the calls that have ended there.

    ``now`` is of the clock that the tape's times are of; ``stream`` is the hearing of the link that goes on.
    """
    calls: defaultdict[str, list[Told]] = defaultdict(list)
    for told in tape:
        if not isinstance(told.fact, StaffReached):
            calls[told.fact.call_id].append(told)
    places = {call_id: _place(calls[call_id], known.heard) for call_id, known in open_calls.items() if call_id in calls}
    mark = _mark(calls, places, over)
    rest = [told for told in tape if isinstance(told.fact, StaffReached) and _is_due(told, mark, now)]
    heard: dict[str, Heard] = {}
    for call_id, facts in calls.items():
        if call_id in over:
            continue
        known = open_calls.get(call_id)
        undone = _undone(facts, known, places.get(call_id), mark) if known else facts
        rest += undone
        if known:
            heard[call_id] = _heard(facts, len(facts) - len(undone), stream)
    return Left(sorted(rest), heard)


def _place(facts: Sequence[Told], heard: Heard) -> int | None:
    """How many of a call's facts were done; None if nothing tells."""
    if heard.count is not None:
        numbered = [index for index, told in enumerate(facts) if told.number is not None]
        if numbered and heard.count > (facts[numbered[-1]].number or 0) and numbered[-1] == len(facts) - 1:
            return len(facts)  # the other one was ahead
        for index in numbered:
            if facts[index].number == heard.count and _overlaps(facts[: index + 1], heard.tail):
                return index + 1
    return next((done for done in range(len(facts), 0, -1) if _overlaps(facts[:done], heard.tail)), None)


def _overlaps(done: Sequence[Told], tail: Sequence[str]) -> bool:
    """Whether the last facts of the other daemon are the last of these, as far back as both were heard live.

    Where several places fit, the caller was in all of them alike; the latest never counts a wait twice.
    """
    if not tail or not done[-1].live:
        return False
    for back in range(1, min(len(tail), len(done)) + 1):
        if not done[-back].live:
            return True  # before that, this daemon did not look
        if fingerprint(done[-back].fact) != tail[-back]:
            return False
    return True


def _mark(
    calls: Mapping[str, Sequence[Told]], places: Mapping[str, int | None], over: Collection[str]
) -> Told | None:
    """The last fact that is known to be done; all that came before it on the link was, or was made up for."""
    found = [calls[call_id][place - 1] for call_id, place in places.items() if place]
    found += [calls[call_id][-1] for call_id in over if call_id in calls]
    return max((told for told in found if told.live), default=None)


def _is_due(told: Told, mark: Told | None, now: float) -> bool:
    # what is still to come was told before the clock was set back
    return not _is_past(told, mark) and -STEP <= now - told.fact.at <= RECENT


def _is_past(told: Told, mark: Told | None) -> bool:
    return mark is not None and told.serial < mark.serial and mark.fact.at - told.fact.at >= MARGIN


def _undone(facts: list[Told], known: Known, place: int | None, mark: Told | None) -> list[Told]:
    """What is left of one call: all behind its place; where there is none, what says where the caller is now."""
    if place is not None:
        return facts[place:]
    behind = [told for told in facts if told.live or not _is_past(told, mark)]
    kinds = _PHASES if known.phase is Phase.UNSEEN else (*_PHASES, HoldEnded)
    last = max((index for index, told in enumerate(behind) if isinstance(told.fact, kinds)), default=0)
    return behind[last:]


def _heard(facts: Sequence[Told], done: int, stream: int) -> Heard:
    """How far this daemon's own hearing of a call goes with its first ``done`` facts."""
    count = facts[done - 1].number if done else None
    last = facts[max(done - TAIL, 0) : done]
    since = max((index + 1 for index, told in enumerate(last) if not told.live), default=0)
    return Heard(count, tuple(fingerprint(told.fact) for told in last[since:]), stream)
