"""Texts on their way out: claimed by one sender, handed over, settled once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, Update, case, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from textback.model import Direction, Flow, Status
from textback.store import changes
from textback.store.sweep import Stopped, sweep
from textback.store.tables import messages

_DAY = 86_400.0
_queued = messages.c.status == Status.QUEUED


@dataclass(frozen=True, slots=True)
class OutMessage:
    """A claimed text; ``attempts`` counts this claim too, and tells it from every other claim of the row."""

    id: str
    call_id: str | None
    flow: Flow | None
    author: str | None
    to_number: str
    from_number: str
    body: str
    segments: int
    attempts: int
    created_at: float
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


_OUT = [messages.c[name] for name in OutMessage.__dataclass_fields__]


def claim(
    conn: Connection,
    now: float,
    by: str,
    token: str | None = None,
    avoid: Collection[str] = (),
    busy: Collection[str] = (),
    tell: Callable[[Sequence[Stopped]], None] = lambda stopped: None,
) -> OutMessage | None:
    """Take the most urgent text that is due, for the sender ``by``; commit before it is handed to anybody.

    ``token`` is made up before, for ``give_back``. ``avoid``: lines that cannot send now; ``busy``: whoever a text is
    on its way to, so that two never overtake each other. ``tell`` hears what is taken out of the queue before.
    """
    tell(sweep(conn, now))
    first = _most_urgent(now, avoid, busy)
    taken = update(messages).values(
        status=Status.SENDING, claimed_at=now, claimed_by=by, claim=token, attempts=messages.c.attempts + 1
    )
    if conn.dialect.update_returning:
        unclaimed = first.with_for_update(skip_locked=True).scalar_subquery()
        row = conn.execute(taken.where(messages.c.id == unclaimed, _queued).returning(*_OUT)).first()
        return None if row is None else _out(row)
    return _claim_in_two_steps(conn, first, taken)


def give_back(conn: Connection, token: str) -> None:
    """Undo a claim whose COMMIT went unanswered, so that its job begins anew: nothing was handed over yet."""
    mine = (messages.c.status == Status.SENDING, messages.c.claim == token)
    found = conn.execute(select(messages.c.id).where(*mine)).scalar()
    if found is not None:  # looked for first, without a lock: on MariaDB it would be one on all that is being sent
        conn.execute(update(messages).where(messages.c.id == found, *mine).values(status=Status.QUEUED))


def _most_urgent(now: float, avoid: Collection[str], busy: Collection[str]) -> Select[Any]:
    """What people write keeps its order; of the automatic texts the newest goes first, for it still is of use."""
    waiting = messages.alias()
    by_hand = case((waiting.c.priority == 0, waiting.c.created_at))
    return (
        select(waiting.c.id)
        .where(waiting.c.status == Status.QUEUED, waiting.c.direction == Direction.OUT, waiting.c.due_at <= now)
        .where(waiting.c.from_number.not_in(list(avoid)), waiting.c.to_number.not_in(list(busy)))
        # the sweep takes many at once, but not all
        .where(or_(waiting.c.expires_at.is_(None), waiting.c.expires_at > now))
        .order_by(waiting.c.priority, by_hand, waiting.c.created_at.desc(), waiting.c.id)
        .limit(1)
    )


def _claim_in_two_steps(conn: Connection, first: Select[Any], taken: Update) -> OutMessage | None:
    # MariaDB's UPDATE returns nothing, and its SELECT ... FOR UPDATE would lock all that it sorts, so that another
    # sender found nothing: look without a lock, then swap what is still queued
    while (found := conn.execute(first).scalar()) is not None:
        if conn.execute(taken.where(messages.c.id == found, _queued)).rowcount:
            return _out(conn.execute(select(*_OUT).where(messages.c.id == found)).one())
    return None


def settle(conn: Connection, message_id: str, settled: Settled, attempts: int | None = None) -> Status | None:
    """Write what became of a text, if it is still ``sending``, in the claim counted ``attempts``.

    Where it was not heard of for a while, others may have called it ``unknown``: what came of it holds all the same. A
    text that was accepted is sent even if a person has just released or dismissed it. A provider id that another
    message owns is not taken over: the text is then ``unknown``. Returns the status that the text has, None if it was
    no longer ours: a callback may have been faster, and told of the same provider id.
    """
    was = [Status.SENDING, Status.UNKNOWN] if attempts is not None else [Status.SENDING]
    if settled.provider_id is not None:
        was = [Status.SENDING, Status.UNKNOWN, Status.QUEUED]
        was += [] if attempts is None else [Status.CANCELLED]
    changed = update(messages).where(messages.c.id == message_id, messages.c.status.in_(was))
    if attempts is not None:
        changed = changed.where(messages.c.attempts == attempts)
    values = {k: v for k, v in asdict(settled).items() if v is not None} | {"reason": settled.reason}
    try:
        with conn.begin_nested():
            written = conn.execute(changed.values(values)).rowcount
            if settled.sent_at is not None:
                changes.of_message(conn, message_id, settled.sent_at)
        return settled.status if written else _known_already(conn, message_id, settled)
    except IntegrityError:
        if settled.provider_id is None:
            raise
    refused = Settled(status=Status.UNKNOWN, reason="unknown: the provider's id belongs to another message")
    return settle(conn, message_id, refused, attempts)


def _known_already(conn: Connection, message_id: str, settled: Settled) -> Status | None:
    if settled.provider_id is None:
        return None
    same = (messages.c.id == message_id, messages.c.provider_id == settled.provider_id)
    status = conn.execute(select(messages.c.status).where(*same)).scalar()
    return None if status is None else Status(status)


def interrupted(conn: Connection, by: str | None = None, apart_from: str | None = None) -> list[OutMessage]:
    """Texts that are ``sending``, the earliest claim first: all, or those of one sender, or of all but one."""
    query = select(*_OUT).where(messages.c.status == Status.SENDING, messages.c.direction == Direction.OUT)
    if by is not None:
        query = query.where(messages.c.claimed_by == by)
    if apart_from is not None:
        query = query.where(messages.c.claimed_by != apart_from)
    return [_out(row) for row in conn.execute(query.order_by(messages.c.claimed_at))]


def unknown(conn: Connection, since: float, apart_from: Collection[str] = (), limit: int = 20) -> list[OutMessage]:
    """Some texts of unknown fate that were claimed at or after ``since`` (epoch seconds), the newest first."""
    query = select(*_OUT).where(messages.c.status == Status.UNKNOWN, messages.c.claimed_at >= since)
    query = query.order_by(messages.c.claimed_at.desc()).limit(limit + len(apart_from))
    return [_out(row) for row in conn.execute(query) if row.id not in apart_from][:limit]


def ids_of_others(conn: Connection, message: OutMessage) -> frozenset[str]:
    """The provider's ids of the other texts to that number, from a day before its claim on."""
    found = select(messages.c.provider_id).where(
        messages.c.to_number == message.to_number,
        messages.c.created_at >= message.claimed_at - _DAY,
        messages.c.id != message.id,
        messages.c.provider_id.is_not(None),
    )
    return frozenset(conn.execute(found).scalars())


def segments_since(conn: Connection, since: float) -> int:
    """Segments handed to the provider at or after ``since``, those of unknown fate included."""
    gone = (Status.SENDING, Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN)
    total = select(func.sum(messages.c.segments)).where(
        messages.c.created_at >= since - _DAY,  # only for the index: hardly a text waits longer than a day
        messages.c.claimed_at >= since,
        messages.c.status.in_(gone),
    )
    return int(conn.execute(total).scalar() or 0)


def _out(row: Row[Any]) -> OutMessage:
    return OutMessage(**(dict(row._mapping) | {"flow": Flow(row.flow) if row.flow else None}))


def next_alike(conn: Connection, message: OutMessage) -> float | None:
    """When the next text that says the same to that number was claimed (epoch seconds); None if there is none."""
    m = messages.c
    same = (m.to_number == message.to_number, m.body == message.body, m.direction == Direction.OUT, m.id != message.id)
    found: float | None = conn.execute(
        select(func.min(m.claimed_at)).where(*same, m.claimed_at > message.claimed_at)
    ).scalar()
    return found
