"""Texts that came in: kept in their conversation, heeded and answered by the chat rules, all in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from textback import numbers
from textback.answers import answer_text
from textback.directory import Directory, Home
from textback.inbox import choosing, rules, telling, words
from textback.inbox.answering import ANSWERED_WITHIN, MOST_ANSWERS, Said, language_of, may_answer, queue
from textback.inbox.rules import NOT_ALLOWED
from textback.inbox.text import Received, Text, opened, stored
from textback.keywords import Keyword, Kind
from textback.model import Answer, Known
from textback.numbers import Masked
from textback.sms import Inbound
from textback.store import inbound as texts
from textback.store import line_types, people, tiles

__all__ = ["ANSWERED_WITHIN", "MOST_ANSWERS", "NOT_ALLOWED", "Inbox", "Received"]


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
            words.stop_elsewhere(conn, inbound, directory.region, now, self._log)
            return Received(False, None, None, None)
        number = numbers.read(inbound.sender, home[0].region)
        if directory.line(number.e164 or inbound.sender) is not None:
            self._log.warning("a text from our own line %s was dropped: a loop", Masked(inbound.sender))
            return Received(False, None, None, home[0].name)
        before = texts.find(conn, inbound.provider_id)
        if before is not None:
            return _once_more(conn, before, home, ids)
        return self._take(conn, directory, opened(conn, inbound, home, number, now), ids)

    def _take(self, conn: Connection, directory: Directory, text: Text, ids: Sequence[str]) -> Received:
        practice = text.home[0].name
        known = people.known(conn, [text.sender], now=text.now, practice_of={text.sender: practice})[text.sender]
        is_allowed = rules.is_allowed(conn, directory, text, known)
        if not stored(conn, text, ids[0], self._provider, None if is_allowed else NOT_ALLOWED):
            return Received(False, text.conversation, None, practice)
        said, is_first = self._heed(conn, text, known, is_allowed)
        if is_first:
            telling.tell(conn, directory, text, ids[0])
        if said is None or not may_answer(conn, text, known, said.answer):
            return Received(True, text.conversation, None, practice)
        queue(conn, text, said, ids[1])
        if said.answer is Answer.ASK:
            choosing.note_asked(conn, text)
        return Received(True, text.conversation, said.answer, practice)

    def _heed(self, conn: Connection, text: Text, known: Known, is_allowed: bool) -> tuple[Said | None, bool]:
        """Do what the text asks for, and make its tile; a sender without a telephone number can ask for nothing.

        Gives the answer, and whether it is the first that nobody of staff has read.
        """
        is_number = text.number.e164 is not None
        keyword = words.keyword_in(text.inbound) if is_number else None
        answer = None
        if is_number:
            line_types.forget_landline(conn, text.sender)
        if keyword is not None:
            answer = words.act(conn, text, keyword.kind, known, self._log)
        makes_tile = is_allowed and not _is_settled(keyword, answer)
        is_first = makes_tile and tiles.reply_came(conn, text.conversation, text.at)
        if keyword is not None and (answer is not None or _is_settled(keyword, answer)):
            return _worded(conn, text, known, keyword, answer), is_first
        return (_by_rules(conn, text, known, is_allowed) if is_number else None), is_first


def _is_settled(keyword: Keyword | None, answer: Answer | None) -> bool:
    """Whether a text wants nothing of anybody: who stops texts, or begins them again, has said all there is to say.

    Who asks for help does, though a machine answers first.
    """
    return keyword is not None and (keyword.kind is Kind.STOP or answer is Answer.OPT_IN)


def _worded(conn: Connection, text: Text, known: Known, keyword: Keyword, answer: Answer | None) -> Said | None:
    if answer is None:
        return None
    practice, line = text.home
    language = language_of(conn, text, known, keyword.language)
    return Said(answer, answer_text(answer, language, practice.name, line.main_number))


def _by_rules(conn: Connection, text: Text, known: Known, is_allowed: bool) -> Said | None:
    """What a practice answers of its own accord: that nobody may write, who it is, that nobody is there."""
    if not is_allowed:
        closed = rules.closed_reply(conn, text, known)
        return Said(Answer.CLOSED, closed) if closed else None
    again = choosing.heed(conn, text)
    asked = choosing.question(conn, text, known, again)
    if asked is not None and may_answer(conn, text, known, asked.answer):
        return asked
    away = rules.after_hours_reply(conn, text, known)
    return Said(Answer.AFTER_HOURS, away) if away else None


def _once_more(conn: Connection, before: texts.Stored, home: Home, ids: Sequence[str]) -> Received:
    """What a text came to that is stored already: by this very job, whose COMMIT went unanswered, or before."""
    is_new = before.id == ids[0]
    answer = texts.answer_of(conn, ids[1]) if is_new else None
    return Received(is_new, before.conversation_id, answer, home[0].name)
