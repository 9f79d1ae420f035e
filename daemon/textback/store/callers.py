"""Who is behind the numbers on a page, as far as each practice knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, select

from textback.store import persons
from textback.store.tables import contacts

_CHUNK = 500

#: a practice (None: of no practice) and a number (E.164)
Key = tuple[str | None, str]
#: The practices that share their contacts with one, by its name.
Sharing = Callable[[str], Collection[str]]


class Caller(NamedTuple):
    """The contact of a number; of several that share it, their names together, and no kind but the one of all."""

    name: str
    kind: str | None
    verified: bool
    shared: int = 1


def callers(conn: Connection, wanted: Collection[Key], sharing: Sharing) -> dict[Key, Caller]:
    """The callers of these practices and numbers; who is not known is left out.

    Whom a practice does not know for certain has the name by which those know them that share with it.
    """
    found: defaultdict[Key, list[RowMapping]] = defaultdict(list)
    numbers = sorted({number for _, number in wanted})
    for start in range(0, len(numbers), _CHUNK):
        query = select(contacts).where(contacts.c.number.in_(numbers[start : start + _CHUNK])).order_by(contacts.c.id)
        for row in conn.execute(query).mappings():
            found[row["practice"], row["number"]].append(row)
    known = {key: _caller(found[key]) for key in wanted if key in found}
    unsure = [key for key in wanted if key not in known or not known[key].verified]
    names = names_elsewhere(conn, unsure, sharing)
    return known | {key: Caller(name, None, False) for key, name in names.items()}


def names_elsewhere(conn: Connection, wanted: Collection[Key], sharing: Sharing) -> dict[Key, str]:
    """The names by which other practices know callers for certain, where these share them."""
    by_practice: defaultdict[str, set[str]] = defaultdict(set)
    for practice, number in wanted:
        if practice is not None:
            by_practice[practice].add(number)
    return {
        (practice, number): name
        for practice, numbers in by_practice.items()
        for number, name in persons.names_elsewhere(conn, numbers, sharing(practice)).items()
        if name
    }


def _caller(rows: Sequence[RowMapping]) -> Caller:
    counted = [row for row in rows if row["verified"]] or rows
    names = [" ".join(filter(None, (row["first_name"], row["last_name"]))) for row in counted]
    kinds: set[Any] = {row["kind"] for row in counted}
    kind = kinds.pop() if len(kinds) == 1 else None
    return Caller(" or ".join(filter(None, names)), kind, bool(counted[0]["verified"]), len(counted))
