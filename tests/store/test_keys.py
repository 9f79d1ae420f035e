"""A secret is made up once, and is the same for every daemon of the database."""

from __future__ import annotations

import re

from sqlalchemy import Connection, Engine

from textback.store.keys import key


def test_a_key_is_made_up_once_and_kept(engine: Engine) -> None:
    found = []
    for _ in range(2):
        with engine.begin() as connection:
            found.append(key(connection, "pages"))
    assert re.fullmatch(r"[0-9a-f]{64}", found[0])
    assert found[0] == found[1]


def test_every_name_has_another(conn: Connection) -> None:
    assert key(conn, "pages") != key(conn, "others")
