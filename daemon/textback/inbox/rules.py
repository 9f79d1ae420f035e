"""The chat rules of a practice: who may write, and what is answered where nobody is there to."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from textback import hours, template
from textback.composing import LONGEST, values_of
from textback.directory import Directory
from textback.inbox.text import Text
from textback.model import Answer, Known
from textback.practice import message_in
from textback.store import calls, persons
from textback.store import inbound as texts

#: Why a text that came in waits for nobody.
NOT_ALLOWED = "not_allowed"
#: What stands between the translations of one reply: on a phone, a paragraph.
_BETWEEN = "\n\n"


def is_allowed(conn: Connection, directory: Directory, text: Text, known: Known) -> bool:
    """Whether the sender may write: somebody the practice knows, or who is known where it shares, else anybody."""
    chat = text.home[0].chat
    if chat.allow_start == chat.allow_unknown:
        return chat.allow_start
    others = directory.sharing_with(text.home[0].name)
    is_known = known.contact_verified or bool(persons.names_elsewhere(conn, [text.sender], others))
    return chat.allow_start if is_known else chat.allow_unknown


def closed_reply(conn: Connection, text: Text, known: Known) -> str | None:
    """What is answered, once in a conversation, to who may not write."""
    worded = text.home[0].chat.closed_reply
    if not worded or texts.has_answered(conn, text.conversation, Answer.CLOSED, since=0.0):
        return None
    return _filled(conn, text, {text.home[0].language: worded}, known)[0] or None


def after_hours_reply(conn: Connection, text: Text, known: Known) -> str | None:
    """What is answered, once in each time that nobody is there, to who writes then: in all its translations."""
    practice = text.home[0]
    worded, opening = practice.chat.after_hours_reply, practice.texting_hours
    if not worded or hours.is_open(opening, practice.timezone, text.now):
        return None
    # Where it has never been open, the time in which nobody is there has no beginning.
    since = hours.closed_since(opening, practice.timezone, text.now) or 0.0
    if texts.has_answered(conn, text.conversation, Answer.AFTER_HOURS, since):
        return None
    own = message_in(worded, practice.language)
    ordered = sorted(worded, key=lambda language: worded[language] != own)
    return _joined(_filled(conn, text, {language: worded[language] for language in ordered}, known)) or None


def _filled(conn: Connection, text: Text, worded: Mapping[str, str], known: Known) -> list[str]:
    """A reply of the practice's in some languages, in whose name no person of staff signs."""
    name = known.contact_first_name if known.contact_verified else None
    said = (text.home, text.home[0].name, name, calls.last_wait(conn, text.home[0].name, text.sender))
    filled = (template.render(one, values_of(*said, language)).strip() for language, one in worded.items())
    return list(dict.fromkeys(filled))


def _joined(translations: list[str]) -> str:
    """As many of them as one text takes, the first in any case."""
    said = translations[0][:LONGEST]
    for one in translations[1:]:
        if one and len(said) + len(_BETWEEN) + len(one) <= LONGEST:
            said += _BETWEEN + one
    return said
