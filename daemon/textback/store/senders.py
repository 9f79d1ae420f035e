"""The daemons that send: each moves its beat while it lives, and the others watch whether it does."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from textback.store.tables import senders
from textback.store.upsert import upsert

#: Seconds after which a sender that was never heard of again is forgotten.
FORGOTTEN = 30 * 86_400.0


def beat(conn: Connection, name: str, count: int, now: float) -> None:
    """Say that the sender ``name`` lives, at ``now`` (epoch seconds); ``count`` differs from the last one."""
    row = {"name": name, "beat": count, "seen_at": now}
    conn.execute(upsert(conn.dialect, senders, list(row)), row)
    conn.execute(delete(senders).where(senders.c.seen_at < now - FORGOTTEN))


def beats(conn: Connection) -> dict[str, tuple[int, float]]:
    """The beat of every sender, and when (epoch seconds, by its own clock) it moved last."""
    return {row.name: (row.beat, row.seen_at) for row in conn.execute(select(senders))}


def has_company(conn: Connection, name: str) -> bool:
    """Whether there are others than ``name``, or may be."""
    return conn.execute(select(senders.c.name).where(senders.c.name != name).limit(1)).first() is not None


def leave(conn: Connection, name: str) -> None:
    """The sender ends: what it may have left in hand is anybody's to look up."""
    conn.execute(delete(senders).where(senders.c.name == name))
