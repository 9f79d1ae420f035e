"""How things stand in the database: what waits to be sent, what waits for a person, who sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from textback.model import Direction, Status
from textback.store.tables import links, messages, senders

#: States that a text leaves again, or that somebody must look at; counted whole, which their index makes cheap.
OPEN = (Status.QUEUED, Status.SENDING, Status.HELD, Status.UNKNOWN)
#: Seconds for which the others are counted.
LATELY = 86_400.0
#: Texts that are listed for a person.
MOST = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """``open`` and ``lately``: texts by status, of all time and of the last 24 hours; times in epoch seconds.

    ``oldest_due_at``: since when the text that waits longest could have left. ``decisions``: held texts and those of
    unknown fate, the newest first.
    """

    open: dict[str, int]
    lately: dict[str, int]
    oldest_due_at: float | None
    decisions: tuple[dict[str, Any], ...]
    senders: dict[str, float]
    seen: dict[str, float]


def standing(conn: Connection, now: float) -> Standing:
    """How things stand at ``now`` (epoch seconds)."""
    m = messages.c
    ours = m.direction == Direction.OUT.value
    counted = select(m.status, func.count()).where(ours).group_by(m.status)
    unsent = select(func.min(m.due_at)).where(m.status.in_([Status.QUEUED.value, Status.SENDING.value]), ours)
    return Standing(
        _counts(conn, counted.where(m.status.in_([one.value for one in OPEN]))),
        _counts(conn, counted.where(m.created_at >= now - LATELY)),
        conn.execute(unsent.where(m.due_at <= now)).scalar(),
        _decisions(conn),
        {row.name: row.seen_at for row in conn.execute(select(senders.c.name, senders.c.seen_at))},
        {row.pbx: row.seen_at for row in conn.execute(select(links))},
    )


def _counts(conn: Connection, query: Any) -> dict[str, int]:
    return {status: int(count) for status, count in conn.execute(query)}


def _decisions(conn: Connection) -> tuple[dict[str, Any], ...]:
    m = messages.c
    columns = (m.id, m.conversation_id, m.call_id, m.practice, m.flow, m.status, m.reason, m.created_at, m.body)
    waiting = select(*columns, m.to_number).where(
        m.status.in_([Status.HELD.value, Status.UNKNOWN.value]), m.direction == Direction.OUT.value
    )
    rows = conn.execute(waiting.order_by(m.created_at.desc(), m.id).limit(MOST)).mappings()
    return tuple(dict(row) for row in rows)
