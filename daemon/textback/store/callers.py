"""Who is behind the numbers on a page, as far as each practice knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, select

from textback.store.tables import contacts

_CHUNK = 500


class Caller(NamedTuple):
    """The contact of a number; of several that share it, their names together, and no kind but the one of all."""

    name: str
    kind: str | None
    verified: bool
    shared: int = 1


def callers(conn: Connection, wanted: Collection[tuple[str | None, str]]) -> dict[tuple[str | None, str], Caller]:
    """The callers of these practices and numbers (E.164); who is not known is left out."""
    found: defaultdict[tuple[str | None, str], list[RowMapping]] = defaultdict(list)
    numbers = sorted({number for _, number in wanted})
    for start in range(0, len(numbers), _CHUNK):
        query = select(contacts).where(contacts.c.number.in_(numbers[start : start + _CHUNK])).order_by(contacts.c.id)
        for row in conn.execute(query).mappings():
            found[row["practice"], row["number"]].append(row)
    return {key: _caller(found[key]) for key in wanted if key in found}


def _caller(rows: Sequence[RowMapping]) -> Caller:
    counted = [row for row in rows if row["verified"]] or rows
    names = [" ".join(filter(None, (row["first_name"], row["last_name"]))) for row in counted]
    kinds: set[Any] = {row["kind"] for row in counted}
    kind = kinds.pop() if len(kinds) == 1 else None
    return Caller(" or ".join(filter(None, names)), kind, bool(counted[0]["verified"]), len(counted))
