"""Quick responses, ready to be put into the reply box."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from textback import template
from textback.chat.talk import talk_of
from textback.chat.texts import home_of
from textback.composing import Unclear, values_of
from textback.directory import Directory
from textback.model import Staff
from textback.practice import message_in
from textback.store import calls, contacts, persons

#: what is typed in place of a quick response: behind what is there already, to the end
_SHORT = re.compile(r"!!([^\n!]+)\Z")


@dataclass(frozen=True, slots=True)
class Quick:
    """A quick response with its placeholders filled: the ``text`` to insert, and all of them by language."""

    title: str
    text: str
    texts: Mapping[str, str]


def quick_responses(conn: Connection, directory: Directory, by: Staff, conversation: int) -> list[Quick]:
    """Those of the conversation's practice, in its order, each in the language of the other person if it has that one.

    What ``!!`` and a title stands for is the ``text``. Raises ``Refused`` as ``reply`` would.
    """
    tile = talk_of(conn, by, conversation, changing=False)
    home = home_of(directory, tile)
    person = persons.person(conn, tile.practice, tile.line, tile.number)
    contact = contacts.find(conn, tile.contact_id) if tile.contact_id is not None else None
    language = contact.language if contact is not None else person.language
    said = (home, by.full_name, contacts.first_name(conn, tile.contact_id))
    wait = calls.last_wait(conn, tile.practice, tile.number)
    found = []
    for response in home[0].quick_responses:
        texts = {
            spoken: template.render(text, values_of(*said, wait, spoken)) for spoken, text in response.text.items()
        }
        text = message_in(texts, language, home[0].language) or next(iter(texts.values()))
        found.append(Quick(response.title, text, texts))
    return found


def spelt_out(body: str, responses: Sequence[Quick]) -> str:
    """The text with what ``!!`` and a title at its end stands for, whoever's browser has not put it there.

    Raises ``Unclear`` where there is nothing else than a title that there is not: it must not leave as it is.
    """
    short = _SHORT.search(body.rstrip())
    if short is None:
        return body
    title, before = short[1].strip().casefold(), body[: short.start()]
    meant = next((one for one in responses if one.title.casefold() == title), None)
    if meant is None and not before.strip():
        raise Unclear(f"there is no quick response {short[1].strip()!r}")
    return body if meant is None else before + meant.text
