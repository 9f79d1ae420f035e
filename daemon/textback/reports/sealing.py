"""Before calls are deleted: the days that they are in are kept, so that reports go on telling of them."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection

from textback.directory import Directory
from textback.practice import Practice
from textback.reports import not_kept
from textback.reports.keeping import AT_ONCE, count
from textback.reports.rules import Rules, day_at, day_span
from textback.store import day_counts


def behind(conn: Connection, directory: Directory, practice: Practice, before: float, now: float) -> list[date]:
    """The days that end by ``before`` (epoch seconds) and are not kept as they are now."""
    rules = Rules(directory, practice)
    first = day_counts.first_call_at(conn, practice.name)
    last = day_at(rules.zone, min(before, now)) - timedelta(1)
    if first is None:
        return []
    return [date.fromisoformat(day) for day in not_kept(conn, rules, day_at(rules.zone, first), last)][:AT_ONCE]


def keep(conn: Connection, directory: Directory, practice: Practice, day: date, now: float) -> None:
    """Count one day, and keep it."""
    rules = Rules(directory, practice)
    changed, rows = count(conn, rules, day)
    day_counts.save(conn, practice.name, str(day), rules.fingerprint, changed, rows, now)


def seal(conn: Connection, directory: Directory, practice: Practice, before: float, now: float) -> float:
    """Until when (epoch seconds) days are kept, at most ``before``: what is older may be deleted; 0.0: nothing may."""
    rules = Rules(directory, practice)
    first = day_counts.first_call_at(conn, practice.name)
    last = day_at(rules.zone, before) - timedelta(1)
    if first is None or day_at(rules.zone, first) > last:
        return day_span(rules.zone, last)[1]
    open_days = not_kept(conn, rules, day_at(rules.zone, first), last)
    return day_span(rules.zone, date.fromisoformat(min(open_days)))[0] if open_days else day_span(rules.zone, last)[1]
