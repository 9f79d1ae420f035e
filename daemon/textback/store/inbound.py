"""Texts that came in: each is stored once, in the conversation that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select, update

from textback.model import Answer, Direction, Status
from textback.store.columns import storable
from textback.store.once import insert_once
from textback.store.tables import calls, conversations, messages

#: Bytes in UTF-8: MariaDB's TEXT holds 65,535, and no provider carries a tenth of it.
LONGEST_BODY = 65_000
LONGEST_SENDER = 32
_LONGEST_ID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NewText:
    """A text that came in at ``at`` (epoch seconds); ``body`` and ``sender`` as ``body_of`` and ``sender_of`` give."""

    id: str
    conversation_id: int
    practice: str
    line: str
    sender: str
    body: str
    segments: int
    encoding: str
    at: float
    provider: str | None
    provider_id: str
    media: Sequence[Mapping[str, str]] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A text that was stored before: its own id, and its conversation."""

    id: str
    conversation_id: int


def body_of(text: str) -> str:
    """What every database takes of a body."""
    return storable(text).encode()[:LONGEST_BODY].decode("utf-8", "ignore")


def sender_of(sender: str) -> str:
    """What every database takes of a sender that is no telephone number: a short code, or a word."""
    return storable(sender.strip())[:LONGEST_SENDER]


def find(conn: Connection, provider_id: str) -> Stored | None:
    """The text that the provider knows by that id, if it came before."""
    known = messages.c.provider_id == _id_of(provider_id)
    row = conn.execute(select(messages.c.id, messages.c.conversation_id).where(known)).first()
    return None if row is None else Stored(*row)


def add(conn: Connection, text: NewText) -> bool:
    """Store a text; False if another program has just stored it."""
    row = {
        "id": text.id,
        "conversation_id": text.conversation_id,
        "practice": text.practice,
        "direction": Direction.IN,
        "to_number": text.line,
        "from_number": text.sender,
        "body": text.body,
        "segments": text.segments,
        "encoding": text.encoding,
        "status": Status.RECEIVED,
        "reason": text.reason,
        "provider": text.provider,
        "provider_id": _id_of(text.provider_id),
        "attempts": 0,
        "priority": 0,
        "created_at": text.at,
        "due_at": text.at,
        "media": [{name: storable(told) for name, told in medium.items()} for medium in text.media] or None,
    }
    conn.execute(insert_once(conn.dialect, messages, "provider_id"), row)
    stored = find(conn, text.provider_id)
    return stored is not None and stored.id == text.id


def thread_without_contact(conn: Connection, practice: str, line: str, sender: str, now: float) -> int:
    """The conversation between a line and what is no telephone number; made if need be."""
    row = {"practice": practice, "line": line, "number": sender, "created_at": now}
    conn.execute(insert_once(conn.dialect, conversations, "line", "number"), row)
    same = (conversations.c.line == line, conversations.c.number == sender)
    return int(conn.execute(select(conversations.c.id).where(*same)).scalar_one())


def note_message(conn: Connection, conversation: int, at: float) -> None:
    """A message was written or received in a conversation at ``at`` (epoch seconds)."""
    is_later = or_(conversations.c.last_message_at.is_(None), conversations.c.last_message_at < at)
    conn.execute(update(conversations).where(conversations.c.id == conversation, is_later).values(last_message_at=at))


def answers_since(conn: Connection, conversation: int, since: float) -> int:
    """How many automatic answers were written in a conversation since then (epoch seconds)."""
    ours = (messages.c.answer.is_not(None), messages.c.created_at > since)
    count = select(func.count()).where(messages.c.conversation_id == conversation, *ours)
    return int(conn.execute(count).scalar_one())


def count_answers(conn: Connection, conversation: int, answer: Answer, since: float) -> int:
    """How many answers of one kind were written in a conversation at or after then (epoch seconds), and not dropped."""
    of_kind = (messages.c.answer == answer, messages.c.created_at >= since, messages.c.status != Status.CANCELLED)
    count = select(func.count()).where(messages.c.conversation_id == conversation, *of_kind)
    return int(conn.execute(count).scalar_one())


def has_answered(conn: Connection, conversation: int, answer: Answer, since: float) -> bool:
    """Whether there was one."""
    return count_answers(conn, conversation, answer, since) > 0


def last_answer_at(conn: Connection, conversation: int, answer: Answer) -> float | None:
    """When the last answer of one kind was written in a conversation (epoch seconds); None if none was."""
    of_kind = (messages.c.conversation_id == conversation, messages.c.answer == answer)
    at: float | None = conn.execute(select(func.max(messages.c.created_at)).where(*of_kind)).scalar()
    return at


def staff_wrote_since(conn: Connection, conversation: int, since: float) -> bool:
    """Whether somebody of staff wrote in a conversation at or after then (epoch seconds)."""
    theirs = (messages.c.conversation_id == conversation, messages.c.author.is_not(None), messages.c.flow.is_(None))
    query = select(messages.c.id).where(*theirs, messages.c.created_at >= since).limit(1)
    return conn.execute(query).first() is not None


def answer_of(conn: Connection, message_id: str) -> Answer | None:
    """What kind of automatic answer a message is; None if it is none, or there is no such message."""
    answer = conn.execute(select(messages.c.answer).where(messages.c.id == message_id)).scalar()
    return None if answer is None else Answer(answer)


def bodies_after(conn: Connection, sender: str, at: float) -> list[str]:
    """What a number wrote, to any line, after ``at`` (epoch seconds)."""
    later = (messages.c.direction == Direction.IN, messages.c.created_at > at)
    theirs = select(messages.c.body).join(conversations).where(conversations.c.number == sender, *later)
    return list(conn.execute(theirs).scalars())


def language_called_in(conn: Connection, conversation: int) -> str | None:
    """The language of the last call that a conversation is about; None where that is not known."""
    theirs = (calls.c.conversation_id == conversation, calls.c.language.is_not(None))
    query = select(calls.c.language).where(*theirs).order_by(calls.c.started_at.desc()).limit(1)
    language: str | None = conn.execute(query).scalar()
    return language


def _id_of(provider_id: str) -> str:
    return storable(provider_id)[:_LONGEST_ID]
