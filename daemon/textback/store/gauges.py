"""What the database alone knows of the work that waits: a few counts that cost the same at any size of the log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, literal_column, select

from textback.model import Status
from textback.store.tables import messages

#: States that a text of ours leaves again, or that a person must decide about.
WAITING = (Status.QUEUED, Status.SENDING, Status.HELD, Status.UNKNOWN)
#: Texts of one state that are counted at most: so many that wait are an alarm, and none needs the exact number.
MOST = 50_000


@dataclass(frozen=True, slots=True)
class Gauges:
    """``waiting``: texts by status, no more than ``MOST`` of each; ``oldest_due_at``: since when the text that waits
    longest could have left (epoch seconds), None if none waits."""

    waiting: dict[Status, int]
    oldest_due_at: float | None


def gauges(conn: Connection, now: float) -> Gauges:
    """How much waits at ``now`` (epoch seconds); an index alone answers each query, over a bounded part of it."""
    due = (_oldest(conn, status, now) for status in (Status.QUEUED, Status.SENDING))
    return Gauges(
        waiting={status: _count(conn, status) for status in WAITING},
        oldest_due_at=min((at for at in due if at is not None), default=None),
    )


def _count(conn: Connection, status: Status) -> int:
    some = select(literal_column("1")).where(messages.c.status == status.value).limit(MOST).subquery()
    return int(conn.execute(select(func.count()).select_from(some)).scalar_one())


def _oldest(conn: Connection, status: Status, now: float) -> float | None:
    due = messages.c.due_at
    waits = select(due).where(messages.c.status == status.value, due <= now).order_by(due).limit(1)
    found: float | None = conn.execute(waits).scalar()
    return found
