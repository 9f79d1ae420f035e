"""Whom a search means: a number, the last digits of one, or the name of a contact or of a caller."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from textback.store.tables import calls, contacts
from textback.store.wanted import Found

#: Names that callers showed are looked for in so many of the newest calls, as many of each practice.
NAMES_WITHIN = 20_000
#: Numbers and calls that a search goes on with.
MOST_FOUND = 200


def search(
    conn: Connection,
    practices: tuple[str | None, ...] | None,
    words: str,
    e164: str | None,
    sharing: Collection[str] = (),
) -> Found:
    """Whom a search means: a number (``e164`` if it is a whole one), its last digits (four at least), or a name.

    ``sharing``: other practices, whose verified contacts are seen by name, too.
    """
    if e164 is not None:
        return Found(numbers=(e164,))
    digits = "".join(character for character in words if character.isdigit())
    if digits and not any(character.isalpha() for character in words):
        return Found(digits=digits) if len(digits) >= 4 else Found()
    if not words.split():
        return Found()
    return Found(numbers=_numbers_of(conn, practices, words, sharing), calls=_named(conn, practices, words))


def _numbers_of(
    conn: Connection, practices: tuple[str | None, ...] | None, words: str, sharing: Collection[str]
) -> tuple[str, ...]:
    """The numbers of contacts in whose names all the words are."""
    both = func.lower(func.coalesce(contacts.c.first_name, "") + " " + func.coalesce(contacts.c.last_name, ""))
    query = select(contacts.c.number).where(*_all_in(both, words))
    if practices is not None:
        theirs = contacts.c.practice.in_([one for one in practices if one is not None])
        query = query.where(or_(theirs, and_(contacts.c.practice.in_(sharing), contacts.c.verified)))
    return tuple(sorted(set(conn.execute(query.limit(MOST_FOUND)).scalars())))


def _named(conn: Connection, practices: tuple[str | None, ...] | None, words: str) -> tuple[str, ...]:
    """Those of the newest calls that came with a name in which all the words are; each practice has its share."""
    found: list[str] = []
    each = [()] if practices is None else [(calls.c.practice == practice,) for practice in practices]
    for theirs in each:
        recent = select(calls.c.id, calls.c.caller_name).where(*theirs).order_by(calls.c.started_at.desc())
        some = recent.limit(NAMES_WITHIN // len(each)).subquery()
        query = select(some.c.id).where(*_all_in(func.lower(some.c.caller_name), words))
        found += conn.execute(query.limit(MOST_FOUND - len(found))).scalars()
    return tuple(found)


def _all_in(column: ColumnElement[str], words: str) -> list[ColumnElement[bool]]:
    return [column.contains(word, autoescape=True) for word in words.lower().split()]
