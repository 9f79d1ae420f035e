"""Contacts: people whom a practice knows by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from textback.store.columns import storable
from textback.store.tables import contacts

LONGEST_NAME = 100


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
