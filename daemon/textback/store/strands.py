"""Rows in one order out of several indices: each strand is read in order, and no further than is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, union_all

#: More strands than these cost more than one look through the rows in their order.
MOST = 40


class Place(NamedTuple):
    """Where a page ends: what it is ordered by, in epoch seconds, and the id of its last row."""

    key: float
    id: Any


class Span(NamedTuple):
    """From ``since`` on, and before ``until``, in epoch seconds; None: without an end on that side."""

    since: float | None = None
    until: float | None = None

    def holds(self, column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """The conditions for a time in it."""
        begun = [column >= self.since] if self.since is not None else []
        return begun if self.until is None else [*begun, column < self.until]


class Strand(NamedTuple):
    """Rows by ``key`` and ``id``, newest first; ``query`` selects both, under the names ``key`` and ``id``."""

    query: Select[Any]
    key: ColumnElement[Any]
    id: ColumnElement[Any]


def newest(conn: Connection, strands: Sequence[Strand], before: Place | None, limit: int) -> list[Place]:
    """The places of the newest rows of all strands, after ``before``; a row must be in one strand only."""
    parts = [_part(strand, before, limit) for strand in strands]
    if not parts:
        return []
    if len(parts) == 1:
        return [Place(row.key, row.id) for row in conn.execute(parts[0])]
    every = union_all(*(select(part.subquery()) for part in parts)).subquery()
    query = select(every.c.key, every.c.id).order_by(every.c.key.desc(), every.c.id.desc()).limit(limit)
    return [Place(row.key, row.id) for row in conn.execute(query)]


def _part(strand: Strand, before: Place | None, limit: int) -> Select[Any]:
    query = strand.query
    if before is not None:
        same = and_(strand.key == before.key, strand.id < before.id)
        query = query.where(strand.key <= before.key, or_(strand.key < before.key, same))
    return query.order_by(strand.key.desc(), strand.id.desc()).limit(limit)
