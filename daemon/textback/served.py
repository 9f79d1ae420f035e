"""Whether the same number was served since a call was lost: by another call, on whichever PBX."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from textback.guards import Case
from textback.model import Disposition, Verdict
from textback.store.calls import Visit, visits
from textback.wording import span


def other_visits(connection: Connection, cases: Sequence[Case]) -> Mapping[str, Sequence[Visit]]:
    """The other calls of each number, as they are stored: those of another PBX, or another daemon, too."""
    numbers = {case.number.e164 for case in cases if case.number.e164}
    found: defaultdict[str, list[Visit]] = defaultdict(list)
    if numbers:
        for visit in visits(connection, sorted(numbers), since=min(case.at for case in cases)):
            found[visit.caller].append(visit)
    return found


def came_back(case: Case, others: Iterable[Visit]) -> str | None:
    """What the same number did since, if it is being served: on hold, ringing, talking, or to be judged later."""
    for visit in others:
        if visit.id != case.call.id and _serves(visit, case.at):
            later = max(0.0, visit.started_at - case.at)
            return f"the caller called again {span(later)} later" if later else "the caller is on another call"
    return None


def _serves(visit: Visit, at: float) -> bool:
    """Whether that other visit takes care of the caller, so that a text for this one would come too much.

    A visit that ended without an answer takes care of them only if a text is due, or given, for itself.
    """
    if visit.ended_at is None:
        return visit.phase in ("waiting", "ringing", "talking")
    if visit.ended_at <= at:
        return False
    return visit.disposition == Disposition.ANSWERED or visit.verdict != Verdict.SKIP
