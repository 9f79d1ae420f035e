"""One conversation as its page shows it: messages, calls, notes and what staff did, in one order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from textback.store import audit, log, optouts
from textback.store.audit import Action
from textback.store.staff_tables import notes
from textback.store.strands import Span
from textback.store.tables import contacts, conversations, messages

#: What of the audit trail stands in the thread.
TOLD = (
    Action.ASSIGNED, Action.SNOOZED, Action.WOKE, Action.CLOSED, Action.REOPENED, Action.FILED, Action.CHANGED_CONTACT,
)  # fmt: skip
MESSAGES, CALLS = 100, 30


def conversation(conn: Connection, conversation_id: int) -> dict[str, Any] | None:
    """A conversation with its contact, and whether the number opted out; None if there is none such."""
    query = (
        select(
            conversations,
            contacts.c.first_name, contacts.c.last_name, contacts.c.kind, contacts.c.verified, contacts.c.language,
        )
        .select_from(conversations.outerjoin(contacts, contacts.c.id == conversations.c.contact_id))
        .where(conversations.c.id == conversation_id)
    )  # fmt: skip
    row = conn.execute(query).mappings().first()
    if row is None:
        return None
    return dict(row) | {"opted_out_at": optouts.since(conn, row["number"])}


def sharing(conn: Connection, practice: str, number: str) -> list[dict[str, Any]]:
    """The contacts of a practice that have that number, by name."""
    theirs = (contacts.c.practice == practice, contacts.c.number == number)
    query = select(contacts).where(*theirs).order_by(contacts.c.first_name, contacts.c.last_name, contacts.c.id)
    return [dict(row) for row in conn.execute(query).mappings()]


def media(conn: Connection, conversation_id: int, message_id: str) -> list[dict[str, str]]:
    """The pictures of a message in a conversation: where the provider keeps each, and its type."""
    is_it = (messages.c.conversation_id == conversation_id, messages.c.id == message_id)
    return list(conn.execute(select(messages.c.media).where(*is_it)).scalar() or ())


def thread(
    conn: Connection, row: dict[str, Any], before: float | None = None, limit: int = MESSAGES
) -> tuple[list[dict[str, Any]], bool]:
    """What happened in a conversation, oldest first, each with its ``sort`` (epoch seconds) and ``what`` it is.

    At most so many messages, the newest before ``before``, and the rest of their time; and whether there is more.
    """
    texts = _texts(conn, row["id"], Span(None, before), limit + 1)
    more = len(texts) > limit
    since = texts[1]["sort"] if more else None
    if more:
        # the next page ends before this moment, so all that was written in it stands on this one
        texts = texts[1:] if texts[0]["sort"] != since else _texts(conn, row["id"], Span(since, before))
    span = Span(since, before)
    others = _calls(conn, row, span) + _notes(conn, row["id"], span) + _actions(conn, row["id"], span)
    return sorted(texts + others, key=lambda one: one["sort"]), more


def _texts(conn: Connection, conversation_id: int, span: Span, limit: int | None = None) -> list[dict[str, Any]]:
    theirs = (messages.c.conversation_id == conversation_id, *span.holds(messages.c.created_at))
    query = select(messages).where(*theirs).order_by(messages.c.created_at.desc(), messages.c.id.desc())
    rows = [dict(row) for row in conn.execute(query.limit(limit)).mappings()]
    return [row | {"what": "message", "sort": row["created_at"]} for row in reversed(rows)]


def _calls(conn: Connection, row: dict[str, Any], span: Span) -> list[dict[str, Any]]:
    found = log.calls_of(conn, row["practice"], row["number"], CALLS, span)
    return [call | {"what": "call", "sort": call["started_at"]} for call in found]


def _notes(conn: Connection, conversation_id: int, span: Span) -> list[dict[str, Any]]:
    query = select(notes).where(notes.c.conversation_id == conversation_id, *span.holds(notes.c.at))
    rows = conn.execute(query.order_by(notes.c.at)).mappings()
    return [dict(row) | {"what": "note", "sort": row["at"]} for row in rows]


def _actions(conn: Connection, conversation_id: int, span: Span) -> list[dict[str, Any]]:
    rows = audit.of_conversation(conn, conversation_id, TOLD, span)
    return [row | {"what": "action", "sort": row["at"]} for row in rows]
