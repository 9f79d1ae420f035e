"""Automatic answers to texts: whether one may leave, in which language, and how it is queued."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from textback import guards, template
from textback.inbox.text import Text
from textback.model import Answer, Known
from textback.numbers import NumberKind
from textback.store import inbound as texts
from textback.store import marks, messages

#: Automatic texts in one conversation within an hour, so that two machines do not talk to each other for ever.
MOST_ANSWERS = 3
#: Seconds; who wrote longer ago, while nothing could be received, gets no automatic answer any more, and one that could
#: not leave for so long says what may not be true any more.
ANSWERED_WITHIN = 3600.0

_HOUR = 3600.0
#: What the law and the carriers want answered, whoever asks for it.
_OWED = frozenset({Answer.OPT_OUT, Answer.OPT_IN, Answer.HELP})


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, and its words."""

    answer: Answer
    body: str


def may_answer(conn: Connection, text: Text, known: Known, answer: Answer) -> bool:
    """Whether an automatic answer may leave, by what is known of the sender and was answered before."""
    practice = text.home[0]
    if text.inbound.answered or text.number.kind is not NumberKind.ORDINARY:
        return False
    is_off = practice.mode == "test" and text.sender not in practice.test_numbers
    if is_off or text.now - text.at > ANSWERED_WITHIN:
        return False
    if answer not in _OWED and not _is_wanted(text, known):
        return False
    if text.at <= (marks.at(conn, marks.RESTORED) or 0.0):
        return False  # it was answered before the backup was put in place, or is too old for that
    return texts.answers_since(conn, text.conversation, text.now - _HOUR) < MOST_ANSWERS


def language_of(conn: Connection, text: Text, known: Known, of_word: str | None = None) -> str:
    """That of the word that is answered, the contact, the last call, the practice."""
    spoken = of_word or known.contact_language or texts.language_called_in(conn, text.conversation)
    return spoken or text.home[0].language


def queue(conn: Connection, text: Text, said: Said, answer_id: str) -> None:
    """Queue an answer, before all automatic texts about calls."""
    practice, line = text.home
    counted = template.segments(said.body)
    new = messages.NewMessage(
        id=answer_id,
        conversation_id=text.conversation,
        practice=practice.name,
        to_number=text.sender,
        from_number=line.number,
        body=said.body,
        segments=counted.count,
        encoding=counted.encoding,
        answer=said.answer,
        created_at=text.now,
        due_at=text.now,
        expires_at=None if said.answer in _OWED else text.now + ANSWERED_WITHIN,
    )
    messages.add(conn, new)
    texts.note_message(conn, text.conversation, text.now)


def _is_wanted(text: Text, known: Known) -> bool:
    """What a practice sends of its own accord goes to nobody who opted out, is blocked, or is abroad."""
    practice = text.home[0]
    barred = guards.is_blocked(practice, text.sender) or guards.is_foreign(practice, text.number)
    return not known.opted_out and not barred
