"""Who is behind a number: by their own practice first, by those that share only where that one does not know."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from textback.store import optouts, people, practices
from textback.store.persons import Person, names_elsewhere, person
from textback.store.tables import contacts

LINE, ANN, BOB = "+12025550100", "+12025550111", "+12025550122"


def add(conn: Connection, first: str | None, last: str | None = None, **columns: Any) -> None:
    row = {"practice": "Clinic", "number": ANN, "kind": "patient", "verified": True, "created_at": 0.0}
    conn.execute(contacts.insert(), row | {"first_name": first, "last_name": last} | columns)


@pytest.fixture
def conn(conn: Connection) -> Connection:
    for name in ("Grove", "Hill"):
        practices.put(conn, name, {"line": []}, "test", 0.0)
    return conn


def test_nobody_is_behind_a_number_that_is_not_known(conn: Connection) -> None:
    assert person(conn, "Clinic", LINE, ANN) == Person(None, None, False, False, None)


def test_everything_that_is_known_is_told(conn: Connection) -> None:
    add(conn, "Ann", "Doe", language="es")
    optouts.record(conn, ANN, 0.0, "test")
    thread = people.conversation_for(conn, "Clinic", LINE, ANN, 0.0)
    assert person(conn, "Clinic", LINE, ANN) == Person("Ann Doe", "es", True, True, thread)


def test_of_two_who_share_a_number_neither_is_named(conn: Connection) -> None:
    add(conn, "Ann", "Doe")
    add(conn, "Bob", "Doe")
    assert person(conn, "Clinic", LINE, ANN) == Person(None, None, True, False, None)


def test_whom_the_practice_knows_for_certain_comes_before_all_others(conn: Connection) -> None:
    add(conn, "Mallory", verified=False)
    add(conn, "Annabel", practice="Grove", language="fr")
    assert person(conn, "Clinic", LINE, ANN).name == "Mallory"
    assert person(conn, "Clinic", LINE, ANN, ["Grove"]) == Person("Annabel", "fr", True, False, None)
    add(conn, "Ann")
    assert person(conn, "Clinic", LINE, ANN, ["Grove"]).name == "Ann"


def test_what_others_do_not_know_for_certain_or_do_not_share_is_not_told(conn: Connection) -> None:
    add(conn, "Eve", practice="Grove", verified=False)
    add(conn, "Hal", practice="Hill")
    assert person(conn, "Clinic", LINE, ANN, ["Grove"]) == Person(None, None, False, False, None)
    assert names_elsewhere(conn, [ANN, BOB], ["Grove"]) == {}
    assert names_elsewhere(conn, [ANN, BOB], []) == {}


def test_the_names_of_many_are_told_at_once_where_all_agree(conn: Connection) -> None:
    add(conn, "Ann", "Doe", practice="Grove")
    add(conn, "Bob", "Doe", practice="Grove", number=BOB)
    assert names_elsewhere(conn, [ANN, BOB, LINE], ["Grove", "Hill"]) == {ANN: "Ann Doe", BOB: "Bob Doe"}
    add(conn, "Anna", "Doe", practice="Hill")
    assert names_elsewhere(conn, [ANN, BOB], ["Grove", "Hill"]) == {ANN: None, BOB: "Bob Doe"}
