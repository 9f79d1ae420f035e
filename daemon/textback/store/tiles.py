"""The tile of a conversation in the inbox: where it stands, with whom, and who waits since when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, exists, literal, or_, select, update

from textback.model import Direction, Role, TileState
from textback.store.staff_tables import memberships, users
from textback.store.tables import contacts, conversations, messages

#: How many tiles wake at once, so that nobody waits long for the writer.
BATCH = 500


class Tile(NamedTuple):
    """A conversation and its tile; ``state`` None: it has none, since nobody replied yet. Times in epoch seconds."""

    id: int
    practice: str
    line: str
    number: str
    contact_id: int | None
    state: TileState | None
    assignee: str | None
    unread_since: float | None
    waiting_since: float | None
    snoozed_until: float | None
    last_reply_at: float | None
    last_message_at: float | None
    asked: list[list[int]] | None


_columns = [conversations.c[name] for name in Tile._fields]


def find(conn: Connection, conversation: int, changing: bool = False) -> Tile | None:
    """A conversation as it stands; ``changing``: nobody else changes it until this transaction ends."""
    query = select(*_columns).where(conversations.c.id == conversation)
    row = conn.execute(query.with_for_update() if changing else query).first()
    if row is None:
        return None
    tile = Tile(*row)
    return tile._replace(state=TileState(tile.state) if tile.state else None)


def one(conn: Connection, conversation: int) -> Tile:
    """The same for a conversation that there is; raises ``LookupError`` for one that there is not."""
    tile = find(conn, conversation)
    if tile is None:
        raise LookupError("there is no such conversation")
    return tile


def reply_came(conn: Connection, conversation: int, at: float) -> bool:
    """Somebody replied ``at`` (epoch seconds): the tile is in the inbox, and they wait since their first reply.

    False if there was a reply already that nobody has read.
    """
    tile = conversations.c
    # Locked: of two replies at once, to two daemons, one is the first.
    locked = select(tile.unread_since).where(tile.id == conversation).with_for_update()
    was_read = conn.execute(locked).scalar_one() is None
    values = {
        "state": TileState.OPEN,
        "snoozed_until": None,
        "unread_since": _earlier(tile.unread_since, at),
        "waiting_since": _earlier(tile.waiting_since, at),
        "last_reply_at": case((tile.last_reply_at > at, tile.last_reply_at), else_=_instant(at)),
    }
    conn.execute(update(conversations).where(tile.id == conversation).values(values))
    return was_read


def change(conn: Connection, tile: Tile, **columns: Any) -> bool:
    """Set columns of a conversation, if its tile stands where it stood; False if it had them already.

    Raises ``LookupError`` where it does not stand there any more: read it again.
    """
    values = {name: value for name, value in columns.items() if getattr(tile, name) != value}
    if not values:
        return False
    same = conversations.c.state.is_(None) if tile.state is None else conversations.c.state == tile.state
    changed = update(conversations).where(conversations.c.id == tile.id, same).values(values)
    if not conn.execute(changed).rowcount:
        raise LookupError("the tile was moved meanwhile")
    return True


def wake_due(conn: Connection, now: float) -> list[int]:
    """Put back into the inbox the snoozed tiles whose time has come by ``now`` (epoch seconds); gives which."""
    due = (conversations.c.state == TileState.SNOOZED, conversations.c.snoozed_until <= now)
    found = select(conversations.c.id).where(*due).order_by(conversations.c.snoozed_until).limit(BATCH)
    woken = list(conn.execute(found).scalars())
    if woken:
        theirs = (*due, conversations.c.id.in_(woken))
        conn.execute(update(conversations).where(*theirs).values(state=TileState.OPEN, snoozed_until=None))
    return woken


def last_by_another(conn: Connection, conversation: int, author: str, since: float) -> tuple[str, float] | None:
    """Who but ``author`` wrote a text by hand in a conversation last, after ``since`` (epoch seconds), and when."""
    theirs = (
        messages.c.conversation_id == conversation,
        messages.c.direction == Direction.OUT,
        messages.c.flow.is_(None),
        messages.c.author != author,
        messages.c.created_at > since,
    )
    query = select(messages.c.author, messages.c.created_at).where(*theirs)
    row = conn.execute(query.order_by(messages.c.created_at.desc()).limit(1)).first()
    return None if row is None else (row.author, row.created_at)


def may_be_assigned(conn: Connection, name: str, practice: str) -> bool:
    """Whether somebody of that name (a user's) may sign in, and sees a practice."""
    member = exists().where(memberships.c.user_id == users.c.id, memberships.c.practice == practice)
    theirs = (users.c.name == name, users.c.removed_at.is_(None), or_(users.c.role == Role.ADMIN, member))
    # MariaDB finds kim, too, where KIM is asked for.
    return name in conn.execute(select(users.c.name).where(*theirs)).scalars().all()


def contacts_of(conn: Connection, tile: Tile) -> Sequence[Any]:
    """The practice's contacts who have the number of a conversation, in the order in which they were made."""
    theirs = (contacts.c.practice == tile.practice, contacts.c.number == tile.number)
    return conn.execute(select(contacts).where(*theirs).order_by(contacts.c.id)).all()


def _earlier(column: Any, at: float) -> Any:
    return case((column < at, column), else_=_instant(at))


def _instant(at: float) -> Any:
    return literal(at, conversations.c.last_reply_at.type)
