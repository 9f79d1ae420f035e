"""Texts that a person sends: each is written once, however often its job runs."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, exists, select, update

from textback.model import Direction, Status
from textback.store import changes
from textback.store.messages import NewMessage, priority_of
from textback.store.once import insert_once
from textback.store.tables import calls, conversations, messages

#: What the second attempt at a text takes over from the first.
_SAME = (
    "conversation_id", "practice", "flow", "to_number", "from_number", "body", "segments", "encoding", "priority",
    "answer",
)  # fmt: skip
_SECOND = uuid.UUID("6f0c9a52-5d0a-4e0b-9a43-2f8f6d1c7be0")


def is_written(conn: Connection, message_id: str) -> bool:
    """Whether there is such a message."""
    return bool(conn.execute(select(exists().where(messages.c.id == message_id))).scalar())


def conversation_of(conn: Connection, message_id: str) -> int | None:
    """The conversation that a message stands in; None if there is no such message."""
    found = conn.execute(select(messages.c.conversation_id).where(messages.c.id == message_id)).scalar()
    return None if found is None else int(found)


def add_once(conn: Connection, new: NewMessage) -> None:
    """Store a text that has its id already; one with that id stays as it is."""
    row = {name: getattr(new, name) for name in NewMessage.__slots__}
    row["priority"] = priority_of(new.flow) if new.priority is None else new.priority
    _insert_once(conn, row, new.created_at)
    changes.of_answer(conn, new.conversation_id, new.created_at)


def second_id(message_id: str) -> str:
    """The id of the second attempt at a text: always the same, so that there is at most one."""
    return str(uuid.uuid5(_SECOND, message_id))


def try_again(conn: Connection, message_id: str, author: str, now: float) -> str:
    """Queue a text that the provider had taken once more, as a message of its own, and return its id.

    The call that the text is about (``calls.message_id``) follows it.
    """
    first = conn.execute(select(messages).where(messages.c.id == message_id)).one()
    second = second_id(message_id)
    row: dict[str, Any] = {name: first._mapping[name] for name in _SAME}
    row |= {"id": second, "author": author, "status": Status.QUEUED, "created_at": now, "due_at": now}
    _insert_once(conn, row, now)
    # By the conversation, since a second attempt has no call_id of its own: that one is unique.
    about = (calls.c.conversation_id == first.conversation_id, calls.c.message_id == message_id)
    conn.execute(update(calls).where(*about).values(message_id=second))
    changes.of_message(conn, second, now)
    return second


def _insert_once(conn: Connection, row: dict[str, Any], at: float) -> None:
    row |= {"direction": Direction.OUT, "attempts": 0}
    conn.execute(insert_once(conn.dialect, messages, "id"), row)
    talk = conversations.c.id == row["conversation_id"]
    conn.execute(update(conversations).where(talk).values(last_message_at=at))
