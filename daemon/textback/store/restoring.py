"""What a database that was put back from a backup must be told, so that nothing leaves a second time."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from textback.model import Direction, Status
from textback.store import audit, marks
from textback.store.audit import Action
from textback.store.staff_tables import sessions
from textback.store.tables import calls, messages, senders

#: Who is said to have had the texts in hand: nobody of that name lives, so they are looked up.
BEFORE = "before the restore"


class Told(NamedTuple):
    """``latest``: when the last call began that is in it (epoch seconds); ``doubtful``: texts that are looked up."""

    latest: float | None
    doubtful: int
    sessions: int


def latest(conn: Connection) -> float | None:
    """When the last call began (epoch seconds); None: there is none."""
    found: float | None = conn.execute(select(func.max(calls.c.started_at))).scalar()
    return found


def mark(conn: Connection, who: str, now: float) -> Told:
    """The database is that of a backup, put in place at ``now`` (epoch seconds).

    What was to be sent when the backup was made may have been sent since, so it is looked up at the provider, and only
    a person sends what is not found there; what was not due before now stays in the queue. Calls that ended before now
    are never texted without a person: the texts of those that the backup does not know are not in it either. Replies
    are fetched again from where the backup was. Nobody is signed in any more.
    """
    doubtful = (
        messages.c.direction == Direction.OUT.value, messages.c.status == Status.QUEUED.value, messages.c.due_at <= now
    )  # fmt: skip
    values = {"status": Status.SENDING, "claimed_by": BEFORE, "claimed_at": messages.c.created_at, "claim": None}
    count = conn.execute(update(messages).where(*doubtful).values(**values, attempts=messages.c.attempts + 1)).rowcount
    conn.execute(delete(senders))
    ended = conn.execute(delete(sessions)).rowcount
    marks.put(conn, marks.RESTORED, now)
    audit.note(conn, now, who, Action.RESTORED, detail="a backup")
    return Told(latest(conn), count, ended)
