"""What waits in the queue and must not leave any more: it is looked for before every claim."""

from __future__ import annotations

from sqlalchemy import Connection, exists, select, update

from textback.model import Status, Verdict
from textback.store.tables import calls, messages, optouts

#: The reason of a message, and of its call, that waited until it was too old to be of use.
TOO_OLD = "too_old"

_AT_ONCE = 500


def sweep(conn: Connection, now: float) -> None:
    """Take out of the queue what must not leave any more: too old, or opted out since it was written."""
    conn.execute(
        update(messages)
        .where(
            messages.c.status == Status.QUEUED,
            exists().where(optouts.c.number == messages.c.to_number, optouts.c.at > messages.c.created_at),
        )
        .values(status=Status.CANCELLED, reason="opted_out")
    )
    late = (messages.c.status == Status.QUEUED, messages.c.expires_at <= now)
    found = conn.execute(select(messages.c.id).where(*late).limit(_AT_ONCE)).scalars().all()
    if found:
        _hold(conn, list(found))


def _hold(conn: Connection, ids: list[str]) -> None:
    queued = (messages.c.id.in_(ids), messages.c.status == Status.QUEUED)
    conn.execute(update(messages).where(*queued).values(status=Status.HELD, reason=TOO_OLD))
    held = select(messages.c.call_id).where(messages.c.id.in_(ids), messages.c.status == Status.HELD)
    why = "held: the text could not be sent before it was too old"
    conn.execute(
        update(calls).where(calls.c.id.in_(held)).values(verdict=Verdict.HELD, reason=TOO_OLD, why=why)
    )
