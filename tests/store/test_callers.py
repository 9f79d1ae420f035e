from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from textback.store import practices
from textback.store.callers import Caller, callers
from textback.store.tables import contacts

ANN, BOB = "+12025550111", "+12025550122"


def alone(practice: str) -> frozenset[str]:
    """No practice shares its contacts."""
    return frozenset()


def know(conn: Connection, number: str = ANN, practice: str = "Clinic", **columns: Any) -> None:
    row = {"practice": practice, "number": number, "kind": "patient", "verified": True, "created_at": 0.0}
    conn.execute(contacts.insert(), row | columns)


def test_each_practice_knows_its_own_contacts_only(conn: Connection) -> None:
    practices.put(conn, "Ear", {"line": []}, "test", 0.0)
    know(conn, first_name="Ann", last_name="Lee")
    know(conn, practice="Ear", first_name="Annie", kind="referral", verified=False)
    wanted = [("Clinic", ANN), ("Ear", ANN), ("Clinic", BOB), (None, ANN), ("Nobody", ANN)]
    assert callers(conn, wanted, alone) == {
        ("Clinic", ANN): Caller("Ann Lee", "patient", True),
        ("Ear", ANN): Caller("Annie", "referral", False),
    }
    assert callers(conn, [], alone) == {}


def test_several_who_share_a_number_are_named_together(conn: Connection) -> None:
    know(conn, first_name="Ann", last_name="Lee")
    know(conn, first_name="Bob", kind="contact")
    assert callers(conn, [("Clinic", ANN)], alone) == {("Clinic", ANN): Caller("Ann Lee or Bob", None, True, 2)}
    know(conn, BOB, first_name="Eve")
    know(conn, BOB)
    assert callers(conn, [("Clinic", BOB)], alone) == {("Clinic", BOB): Caller("Eve", "patient", True, 2)}


def test_who_is_not_verified_counts_only_where_nobody_is(conn: Connection) -> None:
    know(conn, first_name="Ann?", verified=False)
    assert callers(conn, [("Clinic", ANN)], alone) == {("Clinic", ANN): Caller("Ann?", "patient", False)}
    know(conn, first_name="Ann", kind="contact")
    assert callers(conn, [("Clinic", ANN)], alone) == {("Clinic", ANN): Caller("Ann", "contact", True)}


def test_as_many_as_there_may_be_are_found(conn: Connection) -> None:
    numbers = [f"+1202{number:07}" for number in range(1201)]
    for number in numbers:
        know(conn, number, last_name=number[-4:])
    found = callers(conn, {("Clinic", number) for number in numbers}, alone)
    assert {number: caller.name for (_, number), caller in found.items()} == {number: number[-4:] for number in numbers}
