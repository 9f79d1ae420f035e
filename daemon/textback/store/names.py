"""What people are called of whom nothing but their number was known."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, exists, select, update

from textback.store.columns import storable
from textback.store.tables import contacts

LONGEST = 100


def is_known(conn: Connection, practice: str, number: str) -> bool:
    """Whether a practice has a contact with that number (E.164), verified or not."""
    return bool(conn.execute(select(exists().where(*_of(practice, number)))).scalar())


def call(conn: Connection, practice: str, number: str, name: str) -> None:
    """Call the unverified contact of a number by a name that somebody told, in one line, cut to the column."""
    printable = "".join(c if c.isprintable() else " " for c in storable(name))
    shown = " ".join(printable.split())[:LONGEST].strip()
    theirs = (*_of(practice, number), contacts.c.verified.is_(False))
    conn.execute(update(contacts).where(*theirs).values(first_name=shown or None))


def _of(practice: str, number: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return contacts.c.practice == practice, contacts.c.number == number
