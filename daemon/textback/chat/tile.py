"""What staff do with a tile of the inbox: give it to somebody, put it off, close it, open it again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from textback.chat.talk import Overtaken, changed, noted, talk_of
from textback.composing import Unclear
from textback.model import Staff, TileState
from textback.store import tiles
from textback.store.audit import Action
from textback.store.release import Refused
from textback.store.tiles import Tile

#: Seconds; who wants to hear of it later closes it.
LONGEST_SNOOZE = 366 * 86_400.0


def assign(conn: Connection, by: Staff, conversation: int, to: str | None, now: float) -> bool:
    """Give a conversation to a user by name, or to nobody; False if it was theirs already. Raises ``Refused``."""
    tile = talk_of(conn, by, conversation)
    if to is not None and not tiles.may_be_assigned(conn, to, tile.practice):
        raise Unclear(f"nobody of that name sees the conversations of {tile.practice}")
    return changed(conn, by, Action.ASSIGNED, tile, now, detail=f"to {to}" if to else "to nobody", assignee=to)


def snooze(
    conn: Connection, by: Staff, conversation: int, until: float | None, now: float, seen_until: float | None = None
) -> bool:
    """Take a tile out of the inbox until a time (epoch seconds) or the next reply, whichever comes first.

    None: until the next reply. Raises ``Refused``, and ``Overtaken`` where they wrote after ``seen_until``.
    """
    tile = _with_tile(conn, by, conversation, seen_until)
    if until is not None and not now < until <= now + LONGEST_SNOOZE:
        raise Unclear("a conversation sleeps until a time that is still to come, at most for a year")
    asleep = TileState.SNOOZED
    return changed(conn, by, Action.SNOOZED, tile, now, state=asleep, snoozed_until=until, unread_since=None)


def wake(conn: Connection, by: Staff, conversation: int, now: float) -> bool:
    """Put a snoozed tile back into the inbox; False if it is none. Raises ``Refused``."""
    tile = talk_of(conn, by, conversation)
    is_snoozed = tile.state is TileState.SNOOZED
    return is_snoozed and changed(conn, by, Action.WOKE, tile, now, state=TileState.OPEN, snoozed_until=None)


def close(conn: Connection, by: Staff, conversation: int, now: float, seen_until: float | None = None) -> bool:
    """There is nothing more to do, until they write again; False if it was closed.

    Raises ``Refused``, and ``Overtaken`` where they wrote after ``seen_until``, so that no reply goes unread.
    """
    tile = _with_tile(conn, by, conversation, seen_until)
    done: dict[str, Any] = {"snoozed_until": None, "unread_since": None, "waiting_since": None}
    return changed(conn, by, Action.CLOSED, tile, now, state=TileState.CLOSED, **done)


def reopen(conn: Connection, by: Staff, conversation: int, now: float) -> bool:
    """Put a tile into the inbox that is closed, or that there was none of; False if it stands there."""
    tile = talk_of(conn, by, conversation)
    stands = tile.state in (TileState.OPEN, TileState.SNOOZED)
    return not stands and changed(conn, by, Action.REOPENED, tile, now, state=TileState.OPEN)


def mark_read(conn: Connection, by: Staff, conversation: int, now: float, seen_until: float | None = None) -> bool:
    """Somebody has a conversation before their eyes; False if that was read already. Raises ``Refused``.

    What came after ``seen_until`` (epoch seconds; None: nothing) stays unread.
    """
    tile = talk_of(conn, by, conversation)
    noted(conn, by, Action.READ, tile, now)
    return not _came_later(tile, seen_until) and tiles.change(conn, tile, unread_since=None)


def _with_tile(conn: Connection, by: Staff, conversation: int, seen_until: float | None) -> Tile:
    tile = talk_of(conn, by, conversation)
    if tile.state is None:
        raise Refused("it is not in the inbox: nobody has replied yet")
    if tile.last_reply_at is not None and _came_later(tile, seen_until):
        raise Overtaken(None, tile.last_reply_at)
    return tile


def _came_later(tile: Tile, seen_until: float | None) -> bool:
    return seen_until is not None and tile.last_reply_at is not None and tile.last_reply_at > seen_until
