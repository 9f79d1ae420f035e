"""Days that are over, as they were counted: kept by month, with what tells whether they must be counted anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache

from sqlalchemy import Connection, select

from textback.store import seals
from textback.store.columns import storable
from textback.store.months import DayCount, Month, empty
from textback.store.report_tables import COUNTED, report_changes, report_days, report_months
from textback.store.upsert import upsert

#: Seconds.
_DAY = 86_400.0
_NOTHING = DayCount((0,) * len(COUNTED))

#: The number of a line, and a queue ('' for none)
LineQueue = tuple[str, str]


def changes(conn: Connection, practice: str, first: float, last: float) -> dict[str, int]:
    """How often calls of each UTC day were changed late, for the days from ``first`` to ``last`` (epoch seconds)."""
    between = report_changes.c.day.between(utc_day(first), utc_day(last))
    query = select(report_changes.c.day, report_changes.c.changes).where(report_changes.c.practice == practice, between)
    return dict(map(tuple, conn.execute(query).all()))


def days(conn: Connection, practice: str, rules: str, first: str, last: str) -> dict[str, int]:
    """The days (in the practice's zone) that are kept by these rules, each with the changes that it has in it."""
    query = select(report_days.c.day, report_days.c.changes).where(
        report_days.c.practice == practice, report_days.c.rules == rules, report_days.c.day.between(first, last)
    )
    return dict(map(tuple, conn.execute(query).all()))


def months(conn: Connection, practice: str, first: str, last: str) -> list[Month]:
    """What is kept of the months from ``first`` to ``last`` (as in ``2026-11``), in no order."""
    of_those = (report_months.c.practice == practice, report_months.c.month.between(first, last))
    return [Month(*row) for row in conn.execute(select(report_months).where(*of_those)).all()]


def save(
    conn: Connection,
    practice: str,
    day: str,
    rules: str,
    changed: int,
    found: Mapping[LineQueue, DayCount],
    now: float,
) -> None:
    """Keep a day as it was counted when its calls had been changed ``changed`` times, in place of what was kept.

    Not if it has been sealed meanwhile: then its calls may be gone.
    """
    if day < seals.take_turn(conn, practice).day:
        return
    row = {"practice": practice, "day": day, "rules": rules, "changes": changed, "counted_at": now}
    conn.execute(upsert(conn.dialect, report_days, list(row)), row)
    month, number = day[:7], int(day[8:])
    there = {(one.line, one.queue): one for one in months(conn, practice, month, month)}
    known = {(line, storable(queue)): counted for (line, queue), counted in found.items()}
    for place in there.keys() | known.keys():
        before = there.get(place) or empty(practice, month, *place)
        _put(conn, before, before.with_day(number, known.get(place, _NOTHING)))


def utc_day(at: float) -> str:
    """The UTC day of a time in epoch seconds, as in ``2026-11-21``."""
    return datetime.fromtimestamp(at, timezone.utc).date().isoformat()


@lru_cache(maxsize=10_000)
def utc_days(since: float, until: float) -> tuple[str, ...]:
    """The UTC days that a span touches, its end not being part of it; epoch seconds."""
    last, found, at = utc_day(until - 1e-3), [], since
    while (day := utc_day(at)) < last:
        found.append(day)
        at += _DAY
    return (*found, last)


def _put(conn: Connection, before: Month, after: Month) -> None:
    if after != before:
        conn.execute(upsert(conn.dialect, report_months, Month._fields), after._asdict())
