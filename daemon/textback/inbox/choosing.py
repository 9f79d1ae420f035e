"""Numbers that several contacts share: the first reply is answered by the question who it is, if the practice asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection

from textback.answers import ask_text
from textback.inbox.answering import Said, language_of
from textback.inbox.text import Text
from textback.model import Answer, Known
from textback.store import audit, tiles
from textback.store import inbound as texts
from textback.store.audit import Action
from textback.store.tiles import Tile

#: Names to choose among; where there are more, staff choose.
MOST_NAMES = 8
LONGEST_NAME = 20
#: Seconds for which the question stands, and in which staff who wrote need no question.
STANDS = 86_400.0
#: How often it is asked: once more after a number that was none of the list.
MOST_QUESTIONS = 2
#: Whose doing it is in the audit trail that a conversation is filed: the other person's.
BY_ANSWER = "(answer)"

_BARE_NUMBER = re.compile(r"\W*([0-9]{1,2})\W*")
_WORD = re.compile(r"[^\W_]+")


class _Else(Enum):
    """Answers that name nobody."""

    SOMEBODY_ELSE = "somebody else"
    WRONG = "wrong"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class _List:
    """The names to choose among, each with the contacts who have it."""

    names: tuple[str, ...]
    contacts: tuple[tuple[int, ...], ...]


def heed(conn: Connection, text: Text) -> bool:
    """File the conversation as the other person answered, if they were asked; True if they are to be asked again."""
    tile = tiles.one(conn, text.conversation)
    if not tile.asked:
        return False
    if not _stands(conn, text):
        _settle(conn, tile, None)
        return False
    listed = _list(conn, tile, tile.asked)
    chosen = _chosen(text.body, listed)
    if chosen is _Else.NONE:
        return False
    if chosen is _Else.WRONG:
        return _is_asked_again(conn, text, tile)
    found = listed.contacts[chosen] if isinstance(chosen, int) else ()
    # Of two who are called the same, and of somebody else, staff know more.
    _settle(conn, tile, found[0] if len(found) == 1 else None)
    if len(found) == 1:
        audit.note(conn, text.now, BY_ANSWER, Action.FILED, practice=tile.practice, conversation=tile.id)
    return False


def question(conn: Connection, text: Text, known: Known, again: bool) -> Said | None:
    """The question who it is, where that is not known yet and has not been asked."""
    tile = tiles.one(conn, text.conversation)
    if text.home[0].chat.shared_number != "ask" or tile.contact_id is not None or (tile.asked is not None) != again:
        return None
    if texts.staff_wrote_since(conn, text.conversation, text.now - STANDS):
        return None
    listed = _list(conn, tile, None)
    if not 1 < len(listed.names) <= MOST_NAMES:
        return None
    return Said(Answer.ASK, ask_text(language_of(conn, text, known), text.home[0].name, listed.names))


def note_asked(conn: Connection, text: Text) -> None:
    """The question was queued: remember among whom they choose."""
    tile = tiles.one(conn, text.conversation)
    tiles.change(conn, tile, asked=[list(ids) for ids in _list(conn, tile, None).contacts])


def _stands(conn: Connection, text: Text) -> bool:
    """Whether a number is still an answer to the question: to what staff have asked since, it is another one."""
    asked_at = texts.last_answer_at(conn, text.conversation, Answer.ASK)
    is_fresh = asked_at is not None and text.at - asked_at <= STANDS
    return is_fresh and not texts.staff_wrote_since(conn, text.conversation, asked_at or 0.0)


def _is_asked_again(conn: Connection, text: Text, tile: Tile) -> bool:
    if texts.count_answers(conn, text.conversation, Answer.ASK, text.now - STANDS) < MOST_QUESTIONS:
        return True
    _settle(conn, tile, None)
    return False


def _settle(conn: Connection, tile: Tile, contact: int | None) -> None:
    """Nobody is asked any more; without a contact, the choice is for staff."""
    values: dict[str, Any] = {"asked": []} if contact is None else {"asked": None, "contact_id": contact}
    tiles.change(conn, tile, **values)


def _list(conn: Connection, tile: Tile, asked: list[list[int]] | None) -> _List:
    """Whom they choose among, or chose among when they were ``asked``, as far as these still have the number."""
    theirs = {row.id: row for row in tiles.contacts_of(conn, tile) if row.verified and row.first_name}
    if asked is not None:
        groups = [[one for one in group if one in theirs] for group in asked]
        names = (theirs[group[0]].first_name if group else "" for group in groups)
        return _List(tuple(names), tuple(map(tuple, groups)))
    by_name: dict[str, list[int]] = {}
    for row in theirs.values():
        by_name.setdefault(row.first_name.strip().casefold(), []).append(row.id)
    shown = (theirs[group[0]].first_name.strip()[:LONGEST_NAME] for group in by_name.values())
    return _List(tuple(shown), tuple(map(tuple, by_name.values())))


def _chosen(body: str, listed: _List) -> int | _Else:
    """Which of the list: by its bare number, or by a name of it and nothing else."""
    bare = _BARE_NUMBER.fullmatch(body)
    if bare:
        at = int(bare[1]) - 1
        if at == len(listed.names):
            return _Else.SOMEBODY_ELSE
        return at if 0 <= at < len(listed.names) else _Else.WRONG
    said = " ".join(_WORD.findall(body.casefold()))
    named = [at for at, name in enumerate(listed.names) if said and said == " ".join(_WORD.findall(name.casefold()))]
    return named[0] if len(named) == 1 else _Else.NONE
