"""The figures of a practice: counted from its calls, and kept for each day once it is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from textback.model import Disposition
from textback.store import figures
from textback.store.columns import Instant, storable
from textback.store.figures import call
from textback.store.report_tables import COUNTED, report_changes, report_counts, report_days
from textback.store.tables import calls
from textback.store.upsert import upsert

#: Seconds.
_DAY = 86_400.0

#: PBX, queue and dialled number of calls
Place = tuple[str, str | None, str | None]


_INDEX = {key: at for at, key in enumerate(COUNTED)}


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted: the figures in the order of ``COUNTED``, and the seconds until each first human reply."""

    counts: tuple[int, ...] = (0,) * len(COUNTED)
    reply_seconds: tuple[int, ...] = ()

    def __getitem__(self, key: str) -> int:
        return self.counts[_INDEX[key]]

    @property
    def median_reply(self) -> float | None:
        """Seconds within which half of the callers got a human reply to their first reply; None if nobody did."""
        return float(median(self.reply_seconds)) if self.reply_seconds else None


def added(tallies: Sequence[Tally]) -> Tally:
    """Several as one; a year has thousands, so that they are added column by column."""
    if not tallies:
        return Tally()
    counts = tuple(map(sum, zip(*(one.counts for one in tallies))))
    return Tally(counts, tuple(chain.from_iterable(one.reply_seconds for one in tallies)))


class Kept(NamedTuple):
    """What is kept of one day, line (by its number) and queue ('' for none)."""

    practice: str
    day: str
    line: str
    queue: str
    tally: Tally


#: built once: SQLAlchemy takes longer to put them together than a database to find what is in a quiet day
_begun = (
    call.c.practice == bindparam("practice"),
    call.c.started_at >= bindparam("since", type_=Instant()),
    call.c.started_at < bindparam("until", type_=Instant()),
    call.c.disposition.is_not(None),
)
_plain = (
    select(*figures.PLACE, *(figures.number_of(counts).label(key) for key, counts in figures.PLAIN.items()))
    .select_from(figures.about)
    .where(*_begun)
    .group_by(*figures.PLACE)
)
_looked_at = figures.looked_at(*_begun)
_holds = select(*figures.PLACE, call.c.hold_seconds).where(
    *_begun, call.c.disposition == Disposition.ABANDONED.value, call.c.hold_seconds < bindparam("below")
)
_replies = figures.replies(*_begun)


def counted(conn: Connection, practice: str, since: float, until: float) -> dict[Place, dict[str, int]]:
    """The figures of the calls that began from ``since`` until before ``until`` (epoch seconds), by place."""
    span = {"practice": practice, "since": since, "until": until}
    found: dict[Place, dict[str, int]] = {}
    for row in conn.execute(_plain, span):
        plain = zip(figures.PLAIN, map(int, row[3:]), strict=True)
        found[tuple(row[:3])] = dict.fromkeys(figures.COUNTS, 0) | dict(plain)
    for row in conn.execute(_looked_at, span) if found else ():
        found[tuple(row[:3])].update(zip(figures.LOOKED_AT, map(int, row[3:]), strict=True))
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


def changes(conn: Connection, practice: str, first: float, last: float) -> dict[str, int]:
    """How often calls of each UTC day were changed late, for the days from ``first`` to ``last`` (epoch seconds)."""
    between = report_changes.c.day.between(utc_day(first), utc_day(last))
    query = select(report_changes.c.day, report_changes.c.changes).where(report_changes.c.practice == practice, between)
    return {day: count for day, count in conn.execute(query)}


def days(conn: Connection, practice: str, rules: str, first: str, last: str) -> dict[str, int]:
    """The days (in the practice's zone) that are kept by these rules, each with the changes that it has in it."""
    query = select(report_days.c.day, report_days.c.changes).where(
        report_days.c.practice == practice, report_days.c.rules == rules, report_days.c.day.between(first, last)
    )
    return {day: count for day, count in conn.execute(query)}


def kept(conn: Connection, practice: str, first: str, last: str) -> Iterator[Kept]:
    """What is kept of the days from ``first`` to ``last``, in no order."""
    of_those = (report_counts.c.practice == practice, report_counts.c.day.between(first, last))
    return map(_kept, conn.execute(select(report_counts).where(*of_those)).all())


def save(
    conn: Connection, practice: str, day: str, rules: str, changed: int, rows: Sequence[Kept], now: float
) -> None:
    """Keep a day as it was counted when its calls had been changed ``changed`` times, in place of what was kept."""
    row = {"practice": practice, "day": day, "rules": rules, "changes": changed, "counted_at": now}
    # first, for it makes another daemon that counted the same day wait
    conn.execute(upsert(conn.dialect, report_days, list(row)), row)
    conn.execute(delete(report_counts).where(report_counts.c.practice == practice, report_counts.c.day == day))
    if rows:
        conn.execute(report_counts.insert(), [_row(one) for one in rows])


def utc_day(at: float) -> str:
    """The UTC day of a time in epoch seconds, as in ``2026-11-21``."""
    return datetime.fromtimestamp(at, timezone.utc).date().isoformat()


def utc_days(since: float, until: float) -> Collection[str]:
    """The UTC days that a span touches, its end not being part of it; epoch seconds."""
    last, found, at = utc_day(until - 1e-3), [], since
    while (day := utc_day(at)) < last:
        found.append(day)
        at += _DAY
    return [*found, last]


def _kept(row: Row[Any]) -> Kept:
    practice, day, line, queue, *counts, seconds = tuple(row)
    return Kept(practice, day, line, queue, Tally(tuple(counts), tuple(map(int, seconds.split())) if seconds else ()))


def _row(one: Kept) -> dict[str, Any]:
    place = {"practice": one.practice, "day": one.day, "line": one.line, "queue": storable(one.queue)}
    seconds = " ".join(map(str, one.tally.reply_seconds))
    return place | dict(zip(COUNTED, one.tally.counts, strict=True)) | {"reply_seconds": seconds}
