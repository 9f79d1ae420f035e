"""Contacts: people whom a practice knows by number."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select, update

from textback.store.columns import storable
from textback.store.tables import contacts

LONGEST_NAME = 100
LONGEST_ID = 64
_CHUNK = 500


class Contact(NamedTuple):
    """Somebody a practice knows; times in epoch seconds."""

    id: int
    practice: str
    number: str
    first_name: str | None
    last_name: str | None
    kind: str
    verified: bool
    language: str | None
    external_id: str | None
    created_at: float
    updated_at: float | None


_columns = [contacts.c[name] for name in Contact._fields]


def find(conn: Connection, contact_id: int) -> Contact | None:
    """A contact by id."""
    row = conn.execute(select(*_columns).where(contacts.c.id == contact_id)).first()
    return None if row is None else Contact(*row)


def first_name(conn: Connection, contact_id: int | None) -> str | None:
    """The first name of a contact, if the practice knows that it is theirs."""
    theirs = (contacts.c.id == contact_id, contacts.c.verified.is_(True))
    name: str | None = conn.execute(select(contacts.c.first_name).where(*theirs)).scalar()
    return name


def change(conn: Connection, contact: Contact, values: Mapping[str, Any], now: float) -> bool:
    """Set columns of a contact; False if it has them already."""
    clean = {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}
    if all(getattr(contact, name) == value for name, value in clean.items()):
        return False
    changed = update(contacts).where(contacts.c.id == contact.id)
    conn.execute(changed.values(**clean, updated_at=now))
    return True


def every(conn: Connection, practices: Collection[str]) -> Iterator[Contact]:
    """The contacts of these practices, by practice, number and id, without having all of them in memory."""
    query = select(*_columns).where(contacts.c.practice.in_(sorted(practices)))
    ordered = query.order_by(contacts.c.practice, contacts.c.number, contacts.c.id)
    for row in conn.execute(ordered, execution_options={"yield_per": 1000}):
        yield Contact(*row)


def candidates(
    conn: Connection, practice: str, numbers: Collection[str], external_ids: Collection[str]
) -> list[Row[Any]]:
    """A practice's contacts with one of these numbers, or one of these external ids, by id."""
    found: dict[int, Row[Any]] = {}
    for column, values in ((contacts.c.number, sorted(numbers)), (contacts.c.external_id, sorted(external_ids))):
        for start in range(0, len(values), _CHUNK):
            theirs = (contacts.c.practice == practice, column.in_(values[start : start + _CHUNK]))
            found.update((row.id, row) for row in conn.execute(select(contacts).where(*theirs)))
    return [found[contact_id] for contact_id in sorted(found)]


def save(conn: Connection, new: Sequence[Mapping[str, Any]], changed: Sequence[Mapping[str, Any]]) -> None:
    """Insert contacts, and update those that ``contact`` names by id; all rows with all columns."""
    if new:
        conn.execute(contacts.insert(), [_storable(row) for row in new])
    if changed:
        names = [name for name in changed[0] if name != "contact"]
        values = {name: bindparam(f"new_{name}", type_=contacts.c[name].type) for name in names}
        statement = update(contacts).where(contacts.c.id == bindparam("contact")).values(values)
        conn.execute(statement, [_renamed(_storable(row)) for row in changed])


def _renamed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A column's own name may not be a parameter's in an UPDATE."""
    return {(name if name == "contact" else f"new_{name}"): value for name, value in row.items()}


def _storable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: storable(value) if isinstance(value, str) else value for name, value in row.items()}
