"""Secrets that the program makes up for itself, once, and keeps where every daemon of the database finds them."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, select

from textback.store.once import insert_once
from textback.store.staff_tables import keys

#: Bytes of chance in a key.
BYTES = 32


def key(conn: Connection, name: str) -> str:
    """The key of that name, in hexadecimal digits; whoever asks first makes it up, also of two daemons at once."""
    found = find(conn, name)
    if found is not None:
        return found
    made = {"name": name, "value": secrets.token_hex(BYTES)}
    conn.execute(insert_once(conn.dialect, keys, "name"), made)
    stored = find(conn, name)
    assert stored is not None
    return stored


def find(conn: Connection, name: str) -> str | None:
    """The same, where it was made up before; None where nobody has asked for it yet."""
    return conn.execute(select(keys.c.value).where(keys.c.name == name)).scalar()
