"""A name that a stranger told is kept for a stranger only, in one short line."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select

from textback.store import names, people
from textback.store.tables import contacts

NOW, LINE, ANN, BOB = 1_795_262_400.0, "+12025550100", "+12025550111", "+12025550122"


def contact(conn: Connection, number: str, **columns: object) -> None:
    row = {"practice": "Clinic", "number": number, "kind": "patient", "verified": True, "created_at": NOW}
    conn.execute(contacts.insert(), row | columns)


def shown(conn: Connection, number: str = ANN) -> list[str | None]:
    return list(conn.execute(select(contacts.c.first_name).where(contacts.c.number == number)).scalars())


def test_whoever_has_a_contact_is_known(conn: Connection) -> None:
    assert not names.is_known(conn, "Clinic", ANN)
    people.conversation_for(conn, "Clinic", LINE, ANN, NOW)
    assert names.is_known(conn, "Clinic", ANN)
    assert not names.is_known(conn, "Clinic", BOB)
    assert not names.is_known(conn, "Grove", ANN)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Doe, Jane", "Doe, Jane"), ("  Zoë \r\n王\t👍 ", "Zoë 王 👍"), ("a\0b\x1b[31m", "a\ufffdb [31m"),
        ("\ud800x", "?x"), ("x" * 10_000, "x" * 100), ("\u202e\u200b \n", None), ("x" * 99 + " y", "x" * 99),
    ],
)  # fmt: skip
def test_a_name_is_kept_in_one_line_and_cut(conn: Connection, told: str, kept: str | None) -> None:
    people.conversation_for(conn, "Clinic", LINE, ANN, NOW)
    names.call(conn, "Clinic", ANN, told)
    assert shown(conn) == [kept]


def test_those_whom_the_practice_knows_keep_their_names(conn: Connection) -> None:
    contact(conn, ANN, first_name="Ann")
    contact(conn, BOB, first_name="Bob")
    names.call(conn, "Clinic", ANN, "Mallory")
    assert (shown(conn), shown(conn, BOB)) == (["Ann"], ["Bob"])
