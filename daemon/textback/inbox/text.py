"""A text that came in, read, and kept in the conversation that it belongs to."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from textback import template
from textback.directory import Home
from textback.model import Answer
from textback.numbers import Number
from textback.sms import Inbound
from textback.store import inbound as texts
from textback.store import changes, people


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a text; ``is_new`` is False where nothing was stored, ``answer`` is what was queued for it."""

    is_new: bool
    conversation_id: int | None
    answer: Answer | None
    practice: str | None


@dataclass(frozen=True, slots=True)
class Text:
    """A text that was stored; ``sender`` is E.164, or as received where ``number`` is none, ``at`` when it came."""

    inbound: Inbound
    home: Home
    number: Number
    sender: str
    conversation: int
    body: str
    at: float
    now: float


def opened(conn: Connection, inbound: Inbound, home: Home, number: Number, now: float) -> Text:
    """The text with its conversation, and with a time that no clock ahead of ours can have made up."""
    practice, line = home[0].name, home[1].number
    sender = number.e164 or texts.sender_of(inbound.sender)
    open_thread = people.conversation_for if number.e164 else texts.thread_without_contact
    conversation = open_thread(conn, practice, line, sender, now)
    at = inbound.at if inbound.at is not None and 0.0 <= inbound.at <= now else now
    return Text(inbound, home, number, sender, conversation, texts.body_of(inbound.body), at, now)


def stored(conn: Connection, text: Text, message_id: str, provider: str | None, reason: str | None) -> bool:
    """Keep the text; False if another program has just done so. ``reason``: why it waits for nobody."""
    counted = template.segments(text.body)
    new = texts.NewText(
        id=message_id,
        conversation_id=text.conversation,
        practice=text.home[0].name,
        line=text.home[1].number,
        sender=text.sender,
        body=text.body,
        segments=counted.count,
        encoding=counted.encoding,
        at=text.at,
        provider=provider,
        provider_id=text.inbound.provider_id,
        media=[asdict(medium) for medium in text.inbound.media],
        reason=reason,
    )
    texts.note_message(conn, text.conversation, text.at)
    changes.of_reply(conn, text.conversation, text.sender, text.at, text.now)
    return texts.add(conn, new)
