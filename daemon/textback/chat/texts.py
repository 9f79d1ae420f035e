"""Texts and notes by staff: answers in a conversation, first texts, what is written down beside them."""

from __future__ import annotations

from sqlalchemy import Connection

from textback import manual
from textback.chat.talk import Overtaken, key_of, noted, talk_of
from textback.composing import NOT_TEXT, Unclear
from textback.directory import Directory, Home
from textback.model import Staff
from textback.store import by_hand, notes, tiles
from textback.store.audit import Action
from textback.store.release import Refused
from textback.store.tiles import Tile

#: Characters of a note.
LONGEST_NOTE = 4000


def reply(
    conn: Connection,
    directory: Directory,
    by: Staff,
    conversation: int,
    body: str,
    message_id: str,
    now: float,
    seen_until: float | None = None,
) -> str:
    """Answer in a conversation, from its own line; returns the id of the text.

    ``message_id``: the UUID that the composer was made with, so that a form that is sent twice is one text. ``body``
    may hold the placeholders of ``composing``. ``seen_until``: when the newest text was written that they have seen
    (epoch seconds); raises ``Overtaken`` where a colleague wrote after it, and ``Refused`` for all that may not be.
    """
    tile, key = talk_of(conn, by, conversation), key_of(message_id)
    before = by_hand.conversation_of(conn, key)
    if before is not None:
        return _once_more(key, before, conversation)
    other = tiles.last_by_another(conn, conversation, by.name, seen_until) if seen_until is not None else None
    if other is not None:
        raise Overtaken(*other)
    manual.reply(
        conn,
        directory,
        home_of(directory, tile),
        conversation,
        tile.number,
        body,
        author=by.name,
        staff=by.full_name,
        contact=tile.contact_id,
        now=now,
        message_id=key,
    )
    tiles.change(conn, tile, unread_since=None, waiting_since=None)
    noted(conn, by, Action.WROTE, tile, now)
    return key


def start(
    conn: Connection,
    directory: Directory,
    by: Staff,
    practice: str | None,
    line: str | None,
    number: str,
    body: str,
    message_id: str,
    now: float,
) -> str:
    """A first text by hand to a number, from a line by its name or number; returns the id of the text.

    ``practice`` and ``line`` may be None where there is no choice. Raises ``Refused``, and ``Unclear`` where other
    words can do it.
    """
    key = key_of(message_id)
    if by_hand.is_written(conn, key):
        return key
    manual.write(
        conn,
        directory,
        practice=practice,
        line=line,
        to=number,
        body=body,
        author=by.name,
        staff=by.full_name,
        now=now,
        message_id=key,
        choice=[one for one in directory.practices if by.sees(one.name)],
    )
    tile = tiles.one(conn, by_hand.conversation_of(conn, key) or 0)
    tiles.change(conn, tile, unread_since=None, waiting_since=None)
    noted(conn, by, Action.WROTE, tile, now)
    return key


def note(conn: Connection, by: Staff, conversation: int, body: str, note_id: str, now: float) -> str:
    """Write down something that only staff see; ``note_id`` is a new UUID. Raises ``Refused``."""
    tile, key = talk_of(conn, by, conversation), key_of(note_id)
    said = body.strip()
    if not said:
        raise Unclear("the note is empty")
    if NOT_TEXT.search(said):
        raise Unclear("the note has characters that cannot be kept")
    if len(said) > LONGEST_NOTE:
        raise Unclear(f"the note has {len(said)} characters, expected at most {LONGEST_NOTE}")
    if notes.add(conn, key, tile.id, by.name, said, now):
        noted(conn, by, Action.NOTED, tile, now)
    return key


def home_of(directory: Directory, tile: Tile) -> Home:
    """The practice and line of a conversation; raises ``Refused`` if the line is theirs no more."""
    home = directory.line(tile.line)
    if home is None or home[0].name != tile.practice:
        raise Refused(f"{tile.practice} has no longer the line of this conversation: write from another one")
    return home


def _once_more(key: str, before: int, conversation: int) -> str:
    """The same form once more: its text is written."""
    if before != conversation:
        raise Unclear("the form belongs to another conversation: open the page anew")
    return key
