"""What staff wrote down beside a conversation; it is never sent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from textback.store.columns import storable
from textback.store.once import insert_once
from textback.store.staff_tables import notes


def add(conn: Connection, note_id: str, conversation: int, author: str, body: str, at: float) -> bool:
    """Keep a note; False if there is one with that id."""
    if conn.execute(select(notes.c.id).where(notes.c.id == note_id)).first() is not None:
        return False
    row = {"id": note_id, "conversation_id": conversation, "author": author, "body": storable(body), "at": at}
    conn.execute(insert_once(conn.dialect, notes, "id"), row)
    return True


def of_conversation(conn: Connection, conversation: int) -> list[dict[str, Any]]:
    """The notes beside a conversation, oldest first; ``at`` in epoch seconds."""
    query = select(notes).where(notes.c.conversation_id == conversation).order_by(notes.c.at, notes.c.id)
    return [dict(row) for row in conn.execute(query).mappings()]
