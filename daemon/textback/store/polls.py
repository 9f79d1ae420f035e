"""Until when the replies of each line were fetched, and whose texts are still on their way."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from textback.model import Direction, Status
from textback.store.tables import messages, polls
from textback.store.upsert import upsert

_DAY = 86_400.0


def seen_until(conn: Connection, line: str) -> float | None:
    """Until when (epoch seconds) the replies to a line were fetched; None if they never were."""
    found: float | None = conn.execute(select(polls.c.seen_until).where(polls.c.line == line)).scalar()
    return found


def save(conn: Connection, line: str, seen: float) -> None:
    """Remember until when (epoch seconds) the replies to a line were fetched."""
    row = {"line": line, "seen_until": seen}
    conn.execute(upsert(conn.dialect, polls, list(row)), row)


def on_their_way(conn: Connection, provider: str, line: str, since: float) -> dict[str, float]:
    """The provider's ids of texts that left a line at or after ``since``, and may still arrive or fail.

    With the time (epoch seconds) at which each left.
    """
    left_at = func.coalesce(messages.c.sent_at, messages.c.created_at)
    sent = select(messages.c.provider_id, left_at.label("left_at")).where(
        messages.c.status == Status.SENT.value,
        messages.c.due_at >= since - _DAY,  # only for the index: hardly a text leaves later than a day after it is due
        messages.c.direction == Direction.OUT.value,
        messages.c.provider == provider,
        messages.c.from_number == line,
        messages.c.provider_id.is_not(None),
        left_at >= since,
    )
    return {row.provider_id: row.left_at for row in conn.execute(sent)}
