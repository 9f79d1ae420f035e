"""Which daemon writes the calls of which PBX: taken by compare-and-swap, kept in every transaction, given back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Update, and_, bindparam, or_, select, update

from textback.store.once import insert_once
from textback.store.shared_tables import leases

_one_more = leases.c.beat + 1
#: so many leases are kept by one statement
_SIZES = (1, 2, 4, 16, 64)


class Lease(NamedTuple):
    """Who writes for a PBX; ``beat`` moves while they live, ``term`` grows with each who takes over."""

    pbx: str
    holder: str | None
    term: int
    beat: int


def ensure(conn: Connection, pbxes: Collection[str]) -> None:
    """See that there is a lease for each PBX, held by nobody yet."""
    known = look(conn, pbxes)
    rows = [{"pbx": pbx, "holder": None, "term": 0, "beat": 0} for pbx in sorted(pbxes) if pbx not in known]
    for row in rows:
        conn.execute(insert_once(conn.dialect, leases, "pbx"), row)


def look(conn: Connection, pbxes: Collection[str]) -> dict[str, Lease]:
    """The leases of these PBXes, as far as there are any."""
    found = conn.execute(select(leases).where(leases.c.pbx.in_(sorted(pbxes))))
    return {row.pbx: Lease(row.pbx, row.holder, row.term, row.beat) for row in found}


def take(conn: Connection, seen: Lease, name: str) -> int | None:
    """Take a lease for the daemon ``name``, if it still is as it was ``seen``; gives its term then.

    None too while its holder is in the middle of a transaction: whoever hangs there is thrown out by the server.
    """
    mine = leases.c.pbx == seen.pbx
    row = conn.execute(select(leases).where(mine).with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    if (row.holder, row.term) == (name, seen.term + 1):
        return int(row.term)  # taken already: only the answer to the COMMIT was lost
    if Lease(*row) != seen:
        return None
    conn.execute(update(leases).where(mine).values(holder=name, term=seen.term + 1, beat=_one_more))
    return seen.term + 1


def keep(conn: Connection, name: str, terms: Mapping[str, int]) -> set[str]:
    """The PBXes, of those that the daemon ``name`` took in these ``terms``, that are its own still.

    Nobody else can take one of them until the transaction ends.
    """
    kept: set[str] = set()
    for some in _batched(terms):
        values: dict[str, Any] = {"holder_now": name}
        # what stands there twice fills up a statement of one of few sizes, each of which is made once
        size = next(size for size in _SIZES if size >= len(some))
        for number in range(size):
            values[f"pbx_{number}"], values[f"term_{number}"] = some[min(number, len(some) - 1)]
        if conn.execute(_keeping(size), values).rowcount == len(some):
            kept.update(pbx for pbx, _ in some)
        else:
            kept.update(conn.execute(select(leases.c.pbx).where(_held(name, some))).scalars())
    return kept


def give_back(conn: Connection, name: str, terms: Mapping[str, int]) -> None:
    """The daemon ``name`` writes no more for these PBXes: whoever wants may, at once."""
    for some in _batched(terms):
        conn.execute(update(leases).where(_held(name, some)).values(holder=None, beat=_one_more))


def _batched(terms: Mapping[str, int]) -> Iterator[list[tuple[str, int]]]:
    """In order, so that two daemons never wait for each other."""
    every = sorted(terms.items())
    for begin in range(0, len(every), _SIZES[-1]):
        yield every[begin : begin + _SIZES[-1]]


@cache
def _keeping(count: int) -> Update:
    """Made once: it is part of every transaction."""
    each = [and_(leases.c.pbx == bindparam(f"pbx_{n}"), leases.c.term == bindparam(f"term_{n}")) for n in range(count)]
    mine = (leases.c.holder == bindparam("holder_now"), or_(*each))
    return update(leases).where(*mine).values(beat=_one_more)


def _held(name: str, terms: Sequence[tuple[str, int]]) -> ColumnElement[bool]:
    each = [and_(leases.c.pbx == pbx, leases.c.term == term) for pbx, term in terms]
    return and_(leases.c.holder == name, or_(*each))
