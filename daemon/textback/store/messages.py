"""Messages on their way out: added with the decision that caused them, claimed by one sender, settled once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Connection, Row, Select, Update, bindparam, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from textback.model import Direction, Flow, Status
from textback.store.once import insert_once
from textback.store.sweep import sweep
from textback.store.tables import messages

_DAY = 86_400.0
_queued = messages.c.status == Status.QUEUED
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
    priority: int | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class OutMessage:
    """A claimed text; ``attempts`` counts this claim too, and tells it from every other claim of the row."""

    id: str
    call_id: str | None
    to_number: str
    from_number: str
    body: str
    segments: int
    attempts: int
    expires_at: float | None
    claimed_at: float
    claimed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a claimed text; what is None stays as it was, but for ``reason``."""

    status: Status
    reason: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    segments: int | None = None
    due_at: float | None = None
    sent_at: float | None = None
    delivered_at: float | None = None


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


def _chunks(calls: Sequence[str]) -> Iterator[Sequence[str]]:
    return (calls[start : start + 500] for start in range(0, len(calls), 500))


def _row(new: NewMessage) -> dict[str, Any]:
    row = {name: getattr(new, name) for name in NewMessage.__slots__}
    row["id"] = new.id or str(uuid.uuid4())
    row["priority"] = priority_of(new.flow) if new.priority is None else new.priority
    row.update(direction=Direction.OUT, attempts=0)
    return row


def claim(conn: Connection, now: float, by: str) -> OutMessage | None:
    """Take the most urgent text that is due, for the sender ``by``; commit before it is handed to anybody."""
    sweep(conn, now)
    waiting = messages.alias()
    first = (
        select(waiting.c.id)
        .where(waiting.c.status == Status.QUEUED, waiting.c.direction == Direction.OUT, waiting.c.due_at <= now)
        .order_by(waiting.c.priority, waiting.c.created_at.desc(), waiting.c.id)
        .limit(1)
    )
    taken = update(messages).values(
        status=Status.SENDING, claimed_at=now, claimed_by=by, attempts=messages.c.attempts + 1
    )
    if conn.dialect.update_returning:
        unclaimed = first.with_for_update(skip_locked=True).scalar_subquery()
        row = conn.execute(taken.where(messages.c.id == unclaimed, _queued).returning(*_OUT)).first()
        return None if row is None else _out(row)
    return _claim_in_two_steps(conn, first, taken)


def _claim_in_two_steps(conn: Connection, first: Select[Any], taken: Update) -> OutMessage | None:
    # MariaDB's UPDATE returns nothing, and its SELECT ... FOR UPDATE would lock all that it sorts, so that another
    # sender found nothing: look without a lock, then swap what is still queued
    while (found := conn.execute(first).scalar()) is not None:
        if conn.execute(taken.where(messages.c.id == found, _queued)).rowcount:
            return _out(conn.execute(select(*_OUT).where(messages.c.id == found)).one())
    return None


def settle(conn: Connection, message_id: str, settled: Settled, attempts: int | None = None) -> Status | None:
    """Write what became of a text, if it is still ``sending``, in the claim counted ``attempts``.

    A text that was accepted may also come back from ``unknown``. A provider id that another message owns is
    not taken over: the text is then ``unknown``. Returns the status written, None if it was no longer ours.
    """
    was = [Status.SENDING] if settled.provider_id is None else [Status.SENDING, Status.UNKNOWN]
    changed = update(messages).where(messages.c.id == message_id, messages.c.status.in_(was))
    if attempts is not None:
        changed = changed.where(messages.c.attempts == attempts)
    values = {k: v for k, v in asdict(settled).items() if v is not None} | {"reason": settled.reason}
    try:
        with conn.begin_nested():
            return settled.status if conn.execute(changed.values(values)).rowcount else None
    except IntegrityError:
        if settled.provider_id is None:
            raise
    refused = Settled(status=Status.UNKNOWN, reason="unknown: the provider's id belongs to another message")
    return settle(conn, message_id, refused, attempts)


def interrupted(conn: Connection, by: str | None = None, before: float | None = None) -> list[OutMessage]:
    """Texts left in ``sending``: all, or those claimed by ``by`` or (by anybody) earlier than ``before``."""
    query = select(*_OUT).where(messages.c.status == Status.SENDING, messages.c.direction == Direction.OUT)
    which = [] if by is None else [messages.c.claimed_by == by]
    which += [] if before is None else [messages.c.claimed_at < before]
    query = query.where(or_(*which)) if which else query
    return [_out(row) for row in conn.execute(query.order_by(messages.c.claimed_at))]


def segments_since(conn: Connection, since: float) -> int:
    """Segments handed to the provider at or after ``since``, those of unknown fate included."""
    gone = (Status.SENDING, Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN)
    total = select(func.sum(messages.c.segments)).where(
        messages.c.created_at >= since - _DAY,  # only for the index: hardly a text waits longer than a day
        messages.c.claimed_at >= since,
        messages.c.status.in_(gone),
    )
    return int(conn.execute(total).scalar() or 0)


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


_OUT = [messages.c[name] for name in OutMessage.__dataclass_fields__]
_LISTED = {
    name: {"to": "to_number", "from": "from_number"}.get(name, name)
    for name in (
        "id direction flow call_id conversation_id to from body segments encoding status reason provider_id"
        " attempts created_at sent_at delivered_at"
    ).split()
}


def _out(row: Row[Any]) -> OutMessage:
    return OutMessage(**row._mapping)


def _shown(key: str, value: Any) -> Any:
    if not key.endswith("_at") or value is None:
        return value
    return datetime.fromtimestamp(value, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
