"""What providers posted to us, as it came: each once, so that one that comes again has no second effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from textback.store import erased
from textback.store.columns import storable
from textback.store.tables import callbacks, messages

#: How many rows ``prune`` takes away at once, so that nobody waits long for the writer.
BATCH = 500
_LONGEST_STATE = 16


def keep(
    conn: Connection, provider: str, kind: str, provider_id: str, state: str, payload: Mapping[str, str], now: float
) -> bool:
    """Store what came at ``now`` (epoch seconds); False, and nothing is stored, if it had come before.

    ``kind`` is ``sms``, ``status`` or ``voice``; ``state`` what a status tells, else empty.
    """
    row: dict[str, Any] = {
        "provider": provider,
        "kind": kind,
        "provider_id": provider_id,
        "state": state[:_LONGEST_STATE],
        "received_at": now,
        "payload": {} if _is_erased(conn, provider_id) else _storable(payload),
    }
    try:
        # MariaDB counts a row that was left alone like one that was inserted, so its refusal must be seen
        with conn.begin_nested():
            conn.execute(insert(callbacks), row)
    except IntegrityError:
        return False
    return True


def _storable(payload: Mapping[str, str]) -> dict[str, str]:
    return {storable(key): storable(value) for key, value in payload.items()}


def _is_erased(conn: Connection, provider_id: str) -> bool:
    """Whether it is about a text of somebody who was erased: what is posted late must not bring them back."""
    body = conn.execute(select(messages.c.body).where(messages.c.provider_id == provider_id)).scalar()
    return body == erased.BODY


def prune(conn: Connection, before: float, at_most: int = BATCH) -> int:
    """Take away the oldest of what came before ``before`` (epoch seconds); gives how many rows went."""
    oldest = select(callbacks.c.id).where(callbacks.c.received_at < before).order_by(callbacks.c.received_at)
    found = list(conn.execute(oldest.limit(at_most)).scalars())
    if found:
        conn.execute(delete(callbacks).where(callbacks.c.id.in_(found)))
    return len(found)
