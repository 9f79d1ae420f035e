"""The conversation that somebody of staff has before them, and what every change to it needs."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection

from textback.composing import Unclear
from textback.model import Staff
from textback.store import audit, tiles
from textback.store.audit import Action
from textback.store.release import Refused
from textback.store.tiles import Tile


class Nowhere(Refused):
    """There is no such conversation, or it is not theirs to see: nobody learns which."""

    def __init__(self) -> None:
        super().__init__("there is no such conversation")


class Overtaken(Refused):
    """Something happened in the conversation that they have not seen: they look, and decide anew.

    ``who``: the user who wrote there, None if it was the other person; ``at`` in epoch seconds.
    """

    def __init__(self, who: str | None, at: float) -> None:
        super().__init__(f"{who} has written in the meantime" if who else "they have written in the meantime")
        self.who, self.at = who, at


def talk_of(conn: Connection, by: Staff, conversation: int, changing: bool = True) -> Tile:
    """The conversation, for nobody else to change meanwhile; it does not exist for who does not see its practice."""
    tile = tiles.find(conn, conversation, changing) if 0 < conversation < 2**31 else None
    if tile is None or not by.sees(tile.practice):
        raise Nowhere
    return tile


def key_of(text: str) -> str:
    """The composer key as it is stored."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Unclear("the form has no key, or one that is no UUID: open the page anew") from None


def changed(
    conn: Connection, by: Staff, action: Action, tile: Tile, now: float, detail: str | None = None, **columns: object
) -> bool:
    """Set columns of a conversation, and write down who did; False, and nothing is written, if it had them already."""
    is_changed = tiles.change(conn, tile, **columns)
    if is_changed:
        noted(conn, by, action, tile, now, detail)
    return is_changed


def noted(conn: Connection, by: Staff, action: Action, tile: Tile, now: float, detail: str | None = None) -> None:
    """Write down that somebody did something with a conversation."""
    audit.note(conn, now, by.name, action, practice=tile.practice, conversation=tile.id, detail=detail)
