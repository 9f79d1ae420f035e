"""Messages as they are written, each with the decision that caused it, and as they are listed."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Connection, bindparam, select

from textback.model import Answer, Direction, Flow, Status
from textback.store.once import insert_once
from textback.store.tables import messages

_of_calls = select(messages.c.id, messages.c.call_id).where(
    messages.c.call_id.in_(bindparam("calls", expanding=True))
)


def priority_of(flow: Flow | None) -> int:
    """Staff replies (no flow) before call_to_text before the other automatic texts; the smallest goes first."""
    if flow is None:
        return 0
    return 1 if flow is Flow.CALL_TO_TEXT else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A text to send, or with status ``held`` to be released by a person; times in epoch seconds."""

    conversation_id: int
    to_number: str
    from_number: str
    body: str
    segments: int
    encoding: str
    created_at: float
    due_at: float
    expires_at: float | None = None
    call_id: str | None = None
    practice: str | None = None
    flow: Flow | None = None
    status: Status = Status.QUEUED
    reason: str | None = None
    answer: Answer | None = None
    author: str | None = None
    priority: int | None = None
    id: str | None = None


def add(conn: Connection, new: NewMessage) -> str:
    """Store a text and return its id; a call that has one already keeps it, and that one's id is returned."""
    return add_all(conn, [new])[0]


def add_all(conn: Connection, new: Sequence[NewMessage]) -> list[str]:
    """The same for many at once, in the same order."""
    if not new:
        return []
    rows = [_row(message) for message in new]
    conn.execute(insert_once(conn.dialect, messages, "call_id"), rows)
    of_call = {message.call_id for message in new if message.call_id is not None}
    stored: dict[str, str] = {}
    for chunk in _chunks(sorted(of_call)):
        stored.update((row.call_id, row.id) for row in conn.execute(_of_calls, {"calls": chunk}))
    return [stored.get(row["call_id"], row["id"]) for row in rows]


def stopped(conn: Connection, ids: Collection[str]) -> dict[str, tuple[Status, str]]:
    """Those of the messages that do not leave after all, and why."""
    out = (Status.HELD.value, Status.CANCELLED.value)
    query = select(messages.c.id, messages.c.status, messages.c.reason).where(messages.c.status.in_(out))
    return {
        row.id: (Status(row.status), row.reason or "")
        for chunk in _chunks(sorted(ids))
        for row in conn.execute(query.where(messages.c.id.in_(chunk)))
    }


def calls_with_text(conn: Connection, calls: Collection[str]) -> set[str]:
    """Those of the calls that have a text already."""
    return {row.call_id for chunk in _chunks(sorted(calls)) for row in conn.execute(_of_calls, {"calls": chunk})}


def _chunks(calls: Sequence[str]) -> Iterator[Sequence[str]]:
    return (calls[start : start + 500] for start in range(0, len(calls), 500))


def _row(new: NewMessage) -> dict[str, Any]:
    row = {name: getattr(new, name) for name in NewMessage.__slots__}
    row["id"] = new.id or str(uuid.uuid4())
    row["priority"] = priority_of(new.flow) if new.priority is None else new.priority
    row.update(direction=Direction.OUT, attempts=0)
    return row


def listing(
    conn: Connection,
    *,
    limit: int = 100,
    since: float | None = None,
    practice: str | None = None,
    status: str | None = None,
) -> list[dict[str, Any]]:
    """Messages both ways, newest first, with the keys of ``messages list --json``; limit 0 is all."""
    query = select(*(messages.c[column].label(key) for key, column in _LISTED.items()))
    query = query.order_by(messages.c.created_at.desc(), messages.c.id.desc())
    if since is not None:
        query = query.where(messages.c.created_at >= since)
    if practice is not None:
        query = query.where(messages.c.practice == practice)
    if status is not None:
        query = query.where(messages.c.status == status)
    rows = conn.execute(query.limit(limit) if limit else query).mappings()
    return [{key: _shown(key, value) for key, value in row.items()} for row in rows]


_LISTED = {
    name: {"to": "to_number", "from": "from_number"}.get(name, name)
    for name in (
        "id direction flow call_id conversation_id to from body segments encoding status reason provider_id"
        " attempts created_at sent_at delivered_at"
    ).split()
}


def _shown(key: str, value: Any) -> Any:
    if not key.endswith("_at") or value is None:
        return value
    return datetime.fromtimestamp(value, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
