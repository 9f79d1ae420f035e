"""Who is behind a number: as one practice knows them, or as one knows them that shares its contacts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from textback.store import optouts, people
from textback.store.tables import contacts, conversations

_people = select(
    contacts.c.number, contacts.c.practice, contacts.c.first_name, contacts.c.last_name, contacts.c.language,
    contacts.c.verified,
).where(contacts.c.number.in_(bindparam("numbers", expanding=True)))  # fmt: skip
_elsewhere = _people.where(
    contacts.c.verified.is_(True), contacts.c.practice.in_(bindparam("practices", expanding=True))
)
_CHUNK = 500


class Person(NamedTuple):
    """Who is behind a number, for one practice: the full name where only one person can be meant."""

    name: str | None
    language: str | None
    verified: bool
    opted_out: bool
    conversation_id: int | None


def person(
    connection: Connection, practice: str, line: str, number: str, others: Collection[str] = ()
) -> Person:
    """Give who is behind a number, as far as the practice knows, and their conversation with one of its lines.

    Whom it does not know for certain, one of ``others`` may: practices that share their contacts with it.
    """
    rows = list(connection.execute(_people, {"numbers": [number]}).mappings())
    counted = [row for row in rows if row["practice"] == practice]
    if not any(row["verified"] for row in counted):
        counted = [row for row in rows if row["verified"] and row["practice"] in others] or counted
    _, language, verified = people.identity(counted)
    name = people.agreed({full_name(row) for row in counted if row["verified"] or not verified})
    same = (conversations.c.line == line, conversations.c.number == number)
    thread = connection.execute(select(conversations.c.id).where(*same)).scalar()
    return Person(name, language, verified, optouts.is_opted_out(connection, number), thread)


def names_elsewhere(
    connection: Connection, numbers: Collection[str], practices: Collection[str]
) -> dict[str, str | None]:
    """Give the full names by which other practices know numbers for certain; None where they don't agree on one.

    ``practices``: those that share their contacts with the one that asks (``Directory.sharing_with``).
    """
    found: dict[str, set[str | None]] = {}
    ordered = sorted(set(numbers)) if practices else []
    for start in range(0, len(ordered), _CHUNK):
        values = {"numbers": ordered[start : start + _CHUNK], "practices": sorted(practices)}
        for row in connection.execute(_elsewhere, values).mappings():
            found.setdefault(row["number"], set()).add(full_name(row))
    return {number: people.agreed(names) for number, names in found.items()}


def full_name(row: Any) -> str | None:
    """First and last name of a contact, as far as they are known."""
    return " ".join(filter(None, (row["first_name"], row["last_name"]))) or None
