"""What staff are still to be told of: written with the reply, claimed by one daemon at a time, dropped once read."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Update, delete, func, insert, or_, select, update

from textback.store.notice_table import notices
from textback.store.tables import conversations

#: Seconds for which a claim holds. Whoever has not settled it by then is dead, or as good as.
LEASE = 300.0
#: Seconds after it was due for the first time, from which on nobody is told any more.
PATIENCE = 86_400.0
#: Seconds; nothing is due so late, so it was written by a clock that has been set back since.
TOO_LATE = 3 * 86_400.0
#: How many rows are taken away at once, so that nobody waits long for the writer.
BATCH = 500
#: Those that were given up, as far as they are listed.
MOST = 50

_NAMESPACE = uuid.UUID("5e6a1fd3-7f0c-4c0f-9d59-0d1a2ff9d2c7")


class Channel(StrEnum):
    """How somebody is told."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class State(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"
    TOLD = "told"
    GIVEN_UP = "given_up"


class Notice(NamedTuple):
    """One that is claimed; ``attempts`` counts this claim, too, and tells it from every other one.

    ``address``: of an e-mail, '' for the webhook. ``line``: the conversation's. Times in epoch seconds.
    """

    id: str
    conversation: int
    channel: Channel
    address: str
    practice: str
    line: str
    attempts: int
    created_at: float
    expires_at: float


_n, _waits = notices.c, notices.c.status == State.WAITING.value
_claimable = select(
    _n.id, _n.conversation_id, _n.channel, _n.address, _n.practice, conversations.c.line, _n.attempts,
    _n.created_at, _n.expires_at, conversations.c.unread_since,
).join(conversations)  # fmt: skip


def add(
    conn: Connection,
    conversation: int,
    practice: str,
    text: str,
    wanted: Iterable[tuple[Channel, str]],
    now: float,
    after: float,
) -> None:
    """Somebody wrote what nobody has read: tell these of it ``after`` seconds from ``now``, and of nothing older.

    ``text``: the id of what they wrote; the ids of the notices follow from it. The conversation must be locked.
    """
    conn.execute(delete(notices).where(_n.conversation_id == conversation))
    common: dict[str, Any] = {"conversation_id": conversation, "practice": practice, "status": State.WAITING}
    common |= {"attempts": 0, "created_at": now, "due_at": now + after, "expires_at": now + after + PATIENCE}
    rows = [
        common | {"id": str(uuid.uuid5(_NAMESPACE, f"{text} {channel} {to}")), "channel": channel, "address": to}
        for channel, to in wanted
    ]
    if rows:
        conn.execute(insert(notices), rows)


def claim(conn: Connection, channel: Channel, now: float, avoid: Collection[str] = ()) -> Notice | None:
    """Take the notice that has been due for longest, of no practice in ``avoid``; None if there is none.

    Commit before anybody is told. What was read meanwhile is dropped. Not settled, it can be taken again in ``LEASE``.
    """
    first = _first(channel, now, avoid)
    while (row := conn.execute(first).first()) is not None:
        *told, unread_since = row
        notice = Notice(*told)._replace(channel=channel)
        if unread_since is None or row.expires_at <= now:
            _drop_or_expire(conn, notice, unread_since, now)
            continue
        taken = _of(notice).values(attempts=notice.attempts + 1, due_at=now + LEASE)
        if conn.execute(taken).rowcount:
            return notice._replace(attempts=notice.attempts + 1)
    return None


def _first(channel: Channel, now: float, avoid: Collection[str]) -> Select[Any]:
    is_due = or_(_n.due_at <= now, _n.due_at > now + TOO_LATE)
    query = _claimable.where(_waits, _n.channel == channel.value, is_due, _n.practice.not_in(list(avoid)))
    return query.order_by(_n.due_at, _n.id).limit(1)


def _drop_or_expire(conn: Connection, notice: Notice, unread_since: float | None, now: float) -> None:
    if unread_since is None:
        drop(conn, notice)
    else:
        give_up(conn, notice, "it could not be told within a day", now)


def _of(notice: Notice) -> Update:
    """What happens to a notice, if nobody has claimed it since."""
    return update(notices).where(_n.id == notice.id, _n.attempts == notice.attempts, _waits)


def told(conn: Connection, notice: Notice, now: float) -> bool:
    """Somebody was told; False if the claim is not ours any more."""
    values = {"status": State.TOLD, "reason": None, "settled_at": now}
    return bool(conn.execute(_of(notice).values(values)).rowcount)


def put_back(conn: Connection, notice: Notice, reason: str, due_at: float) -> bool:
    """They could not be told, and are to be at ``due_at`` (epoch seconds); False if the claim is not ours any more."""
    return bool(conn.execute(_of(notice).values(reason=reason, due_at=due_at)).rowcount)


def give_up(conn: Connection, notice: Notice, reason: str, now: float) -> bool:
    """They cannot be told; False if the claim is not ours any more."""
    values = {"status": State.GIVEN_UP, "reason": reason, "settled_at": now}
    return bool(conn.execute(_of(notice).values(values)).rowcount)


def drop(conn: Connection, notice: Notice) -> None:
    """Nobody needs to be told any more."""
    conn.execute(delete(notices).where(_n.id == notice.id, _n.attempts == notice.attempts, _waits))


def expire(conn: Connection, now: float) -> int:
    """Give up what nobody has taken for a day, since no daemon tells by that way; gives how many there were."""
    late = (_waits, _n.expires_at <= now - LEASE, _n.due_at <= now)
    found = list(conn.execute(select(_n.id).where(*late).limit(BATCH)).scalars())
    if found:
        values = {"status": State.GIVEN_UP, "reason": "nobody has tried: textback.toml lacks what it takes"}
        conn.execute(update(notices).where(_n.id.in_(found), *late).values(settled_at=now, **values))
    return len(found)


def prune(conn: Connection, before: float) -> int:
    """Take away what was settled before ``before`` (epoch seconds); gives how many rows went, at most ``BATCH``."""
    old = select(_n.id).where(_n.settled_at < before).limit(BATCH)
    found = list(conn.execute(old).scalars())
    if found:
        conn.execute(delete(notices).where(_n.id.in_(found)))
    return len(found)


class Untold(NamedTuple):
    """How it stands with telling staff: what is due and waits, since when, and what was given up, the newest first."""

    waiting: int
    since: float | None
    given_up: tuple[dict[str, Any], ...]


def untold(conn: Connection, now: float) -> Untold:
    """How it stands at ``now`` (epoch seconds)."""
    due = select(func.count(), func.min(_n.created_at)).where(_waits, or_(_n.due_at <= now, _n.attempts > 0))
    count, oldest = conn.execute(due).one()
    columns = (_n.conversation_id, _n.channel, _n.address, _n.practice, _n.reason, _n.settled_at)
    given_up = select(*columns).where(_n.status == State.GIVEN_UP.value)
    rows = conn.execute(given_up.order_by(_n.settled_at.desc(), _n.id).limit(MOST)).mappings()
    return Untold(int(count), oldest, tuple(dict(row) for row in rows))
