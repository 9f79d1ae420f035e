"""Texts that came in: kept in their conversation, opt-outs heeded and confirmed, all in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from textback import numbers, template
from textback.answers import answer_text
from textback.directory import Directory, Home
from textback.keywords import Keyword, Kind, keyword_of
from textback.model import Answer, Known
from textback.numbers import Masked, Number, NumberKind
from textback.sms import Inbound
from textback.store import inbound as texts
from textback.store import line_types, messages, optouts, people

#: Automatic answers in one conversation within an hour, so that two machines do not talk to each other for ever.
MOST_ANSWERS = 3
#: Seconds; who wrote longer ago, while nothing could be received, gets no automatic answer any more.
ANSWERED_WITHIN = 3600.0

_HOUR = 3600.0
#: How an opt-out is known: they texted it.
_BY_TEXT = "text"


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a text; ``is_new`` is False where nothing was stored, ``answer`` is what was queued for it."""

    is_new: bool
    conversation_id: int | None
    answer: Answer | None
    practice: str | None


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that was stored; ``sender`` is E.164, or as received where ``number`` is none, ``at`` when it came."""

    inbound: Inbound
    home: Home
    number: Number
    sender: str
    conversation: int
    body: str
    at: float
    now: float


class Inbox:
    """Receives texts as jobs of the writer; ``provider`` is the name of who delivers them."""

    def __init__(
        self,
        directory: Callable[[Connection], Directory],
        provider: str | None = None,
        log: logging.Logger = logging.getLogger("textback.inbox"),
    ) -> None:
        self._directory = directory
        self._provider = provider
        self._log = log

    def receive(self, conn: Connection, inbound: Inbound, now: float, ids: Sequence[str]) -> Received:
        """Store a text that came by ``now`` (epoch seconds), and do what it asks for.

        ``ids``: new UUIDs, of the text and of its answer, made before the job is submitted: done again with the same
        ones, it changes nothing and tells the same.
        """
        directory = self._directory(conn)
        home = directory.line(inbound.line)
        if home is None:
            self._log.warning("a text to %s, which is none of our lines, was dropped", Masked(inbound.line))
            return Received(False, None, None, None)
        number = numbers.read(inbound.sender, home[0].region)
        if directory.line(number.e164 or inbound.sender) is not None:
            self._log.warning("a text from our own line %s was dropped: a loop", Masked(inbound.sender))
            return Received(False, None, None, home[0].name)
        before = texts.find(conn, inbound.provider_id)
        if before is not None:
            return _once_more(conn, before, home, ids)
        text = _opened(conn, inbound, home, number, now)
        if not self._stored(conn, text, ids[0]):
            return Received(False, text.conversation, None, home[0].name)
        return Received(True, text.conversation, self._heed(conn, text, ids[1]), home[0].name)

    def _stored(self, conn: Connection, text: _Text, message_id: str) -> bool:
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
            provider=self._provider,
            provider_id=text.inbound.provider_id,
            media=[asdict(medium) for medium in text.inbound.media],
        )
        texts.note_message(conn, text.conversation, text.at)
        return texts.add(conn, new)

    def _heed(self, conn: Connection, text: _Text, answer_id: str) -> Answer | None:
        """Do what the text asks for, and answer it; a sender without a telephone number can ask for nothing."""
        if text.number.e164 is None:
            return None
        line_types.forget_landline(conn, text.number.e164)
        keyword = keyword_of(text.body)
        if keyword is None:
            return None
        practice = text.home[0].name
        known = people.known(conn, [text.sender], now=text.now, practice_of={text.sender: practice})[text.sender]
        answer = self._act(conn, text, keyword.kind, known)
        if answer is None or not _may_answer(conn, text):
            return None
        _queue(conn, text, answer, _language(conn, text, keyword, known), answer_id)
        return answer

    def _act(self, conn: Connection, text: _Text, kind: Kind, known: Known) -> Answer | None:
        """The answer that is due to a word, once it is done what it asks for."""
        if kind is Kind.HELP:
            return None if known.opted_out else Answer.HELP
        if kind is Kind.STOP:
            is_new = optouts.opt_out(conn, text.sender, text.at, _BY_TEXT)
            self._log.info("%s opted out by text", Masked(text.sender))
            return Answer.OPT_OUT if is_new else None
        if not known.opted_out or _opted_out_later(conn, text):
            return None
        optouts.remove(conn, text.sender)
        self._log.info("%s wants texts again", Masked(text.sender))
        return Answer.OPT_IN


def _once_more(conn: Connection, before: texts.Stored, home: Home, ids: Sequence[str]) -> Received:
    """What a text came to that is stored already: by this very job, whose COMMIT went unanswered, or before."""
    is_new = before.id == ids[0]
    answer = texts.answer_of(conn, ids[1]) if is_new else None
    return Received(is_new, before.conversation_id, answer, home[0].name)


def _opened(conn: Connection, inbound: Inbound, home: Home, number: Number, now: float) -> _Text:
    """The text with its conversation, and with a time that no clock ahead of ours can have made up."""
    practice, line = home[0].name, home[1].number
    sender = number.e164 or texts.sender_of(inbound.sender)
    open_thread = people.conversation_for if number.e164 else texts.thread_without_contact
    conversation = open_thread(conn, practice, line, sender, now)
    at = inbound.at if inbound.at is not None and 0.0 <= inbound.at <= now else now
    return _Text(inbound, home, number, sender, conversation, texts.body_of(inbound.body), at, now)


def _opted_out_later(conn: Connection, text: _Text) -> bool:
    """Whether a START that was late is older than their last word: that one counts."""
    if (optouts.since(conn, text.sender) or 0.0) > text.at:
        return True
    later = map(keyword_of, texts.bodies_after(conn, text.sender, text.at))
    return any(keyword is not None and keyword.kind is Kind.STOP for keyword in later)


def _may_answer(conn: Connection, text: _Text) -> bool:
    practice = text.home[0]
    if text.inbound.answered or text.number.kind is not NumberKind.ORDINARY:
        return False
    is_off = practice.mode == "test" and text.sender not in practice.test_numbers
    if is_off or text.now - text.at > ANSWERED_WITHIN:
        return False
    return texts.answers_since(conn, text.conversation, text.now - _HOUR) < MOST_ANSWERS


def _language(conn: Connection, text: _Text, keyword: Keyword, known: Known) -> str:
    spoken = keyword.language or known.contact_language or texts.language_called_in(conn, text.conversation)
    return spoken or text.home[0].language


def _queue(conn: Connection, text: _Text, answer: Answer, language: str, answer_id: str) -> None:
    practice, line = text.home
    body = answer_text(answer, language, practice.name, line.main_number)
    counted = template.segments(body)
    new = messages.NewMessage(
        id=answer_id,
        conversation_id=text.conversation,
        practice=practice.name,
        to_number=text.sender,
        from_number=line.number,
        body=body,
        segments=counted.count,
        encoding=counted.encoding,
        answer=answer,
        created_at=text.now,
        due_at=text.now,
    )
    messages.add(conn, new)
    texts.note_message(conn, text.conversation, text.now)
