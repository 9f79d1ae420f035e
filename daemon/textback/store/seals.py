"""Until when the days of a practice are sealed: their calls may have been deleted, so they are never counted anew."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select, update

from textback.store.report_tables import report_seals
from textback.store.upsert import one_more


class Seal(NamedTuple):
    """``day`` is the first one (in the practice's zone) that is counted from calls, and from ``at`` on: epoch seconds.

    In a zone that was chosen later that day may begin sooner or later than ``at``, which parts the calls all the same.
    """

    day: str
    at: float


#: Nothing is sealed: '' is before any day.
OPEN = Seal("", 0.0)
_kept = select(report_seals.c.day, report_seals.c.at)


def seal_of(conn: Connection, practice: str) -> Seal:
    """How far the days of a practice are sealed."""
    found = conn.execute(_kept.where(report_seals.c.practice == practice)).first()
    return Seal(found.day, found.at) if found and found.at is not None else OPEN


def take_turn(conn: Connection, practice: str) -> Seal:
    """The same for somebody who is about to keep or to seal days: whoever else is waits until this transaction ends."""
    row = {"practice": practice, "day": OPEN.day, "turns": 1}
    conn.execute(one_more(conn.dialect, report_seals, "turns"), row)
    return seal_of(conn, practice)


def put(conn: Connection, practice: str, seal: Seal) -> None:
    """Seal the days before ``seal.day``, after ``take_turn``."""
    conn.execute(update(report_seals).where(report_seals.c.practice == practice).values(day=seal.day, at=seal.at))
