"""The figures of a practice, counted from its calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, bindparam, func, select

from textback.model import Disposition
from textback.store import counting
from textback.store.columns import Instant
from textback.store.counting import call
from textback.store.tables import calls

#: PBX, queue and dialled number of calls
Place = tuple[str, str | None, str | None]

#: built once: SQLAlchemy takes longer to put them together than a database to find what is in a quiet day
_begun = (
    call.c.practice == bindparam("practice"),
    call.c.started_at >= bindparam("since", type_=Instant()),
    call.c.started_at < bindparam("until", type_=Instant()),
    call.c.disposition.is_not(None),
)
_plain = (
    select(*counting.PLACE, *(counting.number_of(counts).label(key) for key, counts in counting.PLAIN.items()))
    .select_from(counting.about)
    .where(*_begun)
    .group_by(*counting.PLACE)
)
_looked_at = counting.looked_at(*_begun)
_holds = select(*counting.PLACE, call.c.hold_seconds).where(
    *_begun, call.c.disposition == Disposition.ABANDONED.value, call.c.hold_seconds < bindparam("below")
)
_replies = counting.replies(*_begun)


def counted(conn: Connection, practice: str, since: float, until: float) -> dict[Place, dict[str, int]]:
    """The figures of the calls that began from ``since`` until before ``until`` (epoch seconds), by place."""
    span = {"practice": practice, "since": since, "until": until}
    found: dict[Place, dict[str, int]] = {}
    for row in conn.execute(_plain, span):
        plain = zip(counting.PLAIN, map(int, row[3:]), strict=True)
        found[tuple(row[:3])] = dict.fromkeys(counting.COUNTS, 0) | dict(plain)
    for row in conn.execute(_looked_at, span) if found else ():
        found[tuple(row[:3])].update(zip(counting.LOOKED_AT, map(int, row[3:]), strict=True))
    return found


def holds(conn: Connection, practice: str, since: float, until: float, below: float) -> Iterator[tuple[Place, float]]:
    """The abandoned calls of that time with less than ``below`` seconds on hold: where, and how long."""
    rows = conn.execute(_holds, {"practice": practice, "since": since, "until": until, "below": below})
    return ((tuple(row[:3]), row.hold_seconds) for row in rows)


def reply_seconds(conn: Connection, practice: str, since: float, until: float) -> dict[Place, list[int]]:
    """Whole seconds from the first reply to the first human answer, for each call of that time that has both."""
    found: defaultdict[Place, list[int]] = defaultdict(list)
    for row in conn.execute(_replies, {"practice": practice, "since": since, "until": until}):
        if row.human_at is not None:
            found[tuple(row[:3])].append(round(row.human_at - row.replied_at))
    return found


def first_call_at(conn: Connection, practice: str) -> float | None:
    """When the first call of a practice began, that is still kept."""
    query = select(func.min(calls.c.started_at)).where(calls.c.practice == practice)
    found: float | None = conn.execute(query).scalar()
    return found
