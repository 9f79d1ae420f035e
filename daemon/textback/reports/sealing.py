"""Before calls are deleted: what is kept of their days stands for ever, and is never counted anew."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection

from textback.directory import Directory
from textback.practice import Practice
from textback.reports import keep_day, not_kept, rules_of
from textback.reports.keeping import last_over, missing
from textback.reports.rules import day_span
from textback.store import seals
from textback.store.seals import Seal


def behind(conn: Connection, directory: Directory, practice: Practice, before: float, now: float) -> list[date]:
    """The days of a practice that end by ``before`` (epoch seconds) and must be kept before they can be sealed."""
    return missing(conn, rules_of(conn, directory, practice), before, now)


def keep(conn: Connection, directory: Directory, practice: Practice, day: date, now: float) -> None:
    """Count such a day, and keep it."""
    keep_day(conn, rules_of(conn, directory, practice), day)(conn, now)


def seal(conn: Connection, directory: Directory, practice: Practice, before: float, now: float) -> float:
    """Seal the days that end by ``before`` and are kept; gives until when all are sealed, in epoch seconds; 0: none is.

    Once this is committed, calls of the practice that began before that time may be deleted, and messages that were
    written before it: their figures stay as they are now, whatever comes late.
    """
    held = seals.take_turn(conn, practice.name)
    rules = rules_of(conn, directory, practice)
    last = last_over(rules, before, now)
    first = min([last + timedelta(1), *not_kept(conn, rules, None, last)])
    at = day_span(rules.zone, first)[0]
    if str(first) <= held.day or at <= held.at:
        return held.at
    seals.put(conn, practice.name, Seal(str(first), at))
    return at
