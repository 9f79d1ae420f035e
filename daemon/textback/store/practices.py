"""Reads and writes on the practices: what each of them wants, as a document, and the numbers that it owns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, cast, delete, literal, select, update

from textback.store.engine import StoreError
from textback.store.tables import conversations, lines, practice_versions, practices
from textback.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class PracticeRow:
    """A practice as stored; ``version`` grows with every change, ``updated_at`` is in epoch seconds."""

    name: str
    document: dict[str, Any]
    version: int
    updated_at: float
    updated_by: str


def put(connection: Connection, name: str, document: Mapping[str, Any], by: str, now: float) -> int:
    """Store the document of a practice and its lines; gives its version, which grows with every change.

    Raises ``StoreError`` if one of its numbers belongs to another practice.
    """
    plain = json.loads(json.dumps(document))
    _refuse_numbers_of_others(connection, name, plain)
    query = select(practices.c.document, practices.c.version).where(practices.c.name == name).with_for_update()
    before = connection.execute(query).first()
    if before is not None and before.document == plain:
        return int(before.version)
    version = 1 if before is None else before.version + 1
    values = {"name": name, "document": plain, "version": version, "updated_at": now, "updated_by": by}
    if before is None:
        connection.execute(practices.insert(), values)
    else:
        connection.execute(update(practices).where(practices.c.name == name), values)
    kept = {"practice": name, "version": version, "document": plain, "changed_at": now, "changed_by": by}
    connection.execute(practice_versions.insert(), kept)
    _put_lines(connection, name, plain)
    return version


def all_documents(connection: Connection) -> list[PracticeRow]:
    """Give every practice, by name."""
    return [PracticeRow(*row) for row in connection.execute(select(practices).order_by(practices.c.name))]


def find(connection: Connection, name: str, for_update: bool = False) -> PracticeRow | None:
    """The practice of that name; ``for_update``: nobody else changes it before this transaction ends."""
    query = select(practices).where(practices.c.name == name)
    row = connection.execute(query.with_for_update() if for_update else query).first()
    return None if row is None or row.name != name else PracticeRow(*row)


def versions(connection: Connection, name: str, *, before: int | None = None, limit: int = 0) -> list[PracticeRow]:
    """What a practice was and is, the newest first; ``before``: older ones than this, ``limit`` 0: all there are.

    ``updated_at`` and ``updated_by`` tell who made the version, and when.
    """
    kept = practice_versions
    query = select(kept.c.practice, kept.c.document, kept.c.version, kept.c.changed_at, kept.c.changed_by)
    query = query.where(kept.c.practice == name).order_by(kept.c.version.desc())
    if before is not None:
        query = query.where(kept.c.version < before)
    return [PracticeRow(*row) for row in connection.execute(query.limit(limit) if limit else query)]


def numbers(connection: Connection) -> list[str]:
    """Give the texting numbers of all practices."""
    return list(connection.execute(select(lines.c.number).order_by(lines.c.number)).scalars())


def fingerprint(connection: Connection) -> tuple[tuple[str, int, float], ...]:
    """Something that differs after any practice was added, changed or removed; cheap enough for every group."""
    query = select(practices.c.name, practices.c.version, practices.c.updated_at).order_by(practices.c.name)
    return tuple((row.name, row.version, row.updated_at) for row in connection.execute(query))


def _lines(document: Mapping[str, Any]) -> dict[str, str]:
    return {line["number"]: line["name"] for line in document.get("line", ())}


def _refuse_numbers_of_others(connection: Connection, name: str, document: Mapping[str, Any]) -> None:
    taken = select(lines).where(lines.c.number.in_(list(_lines(document))), lines.c.practice != name)
    first = connection.execute(taken.order_by(lines.c.number)).first()
    if first is not None:
        raise StoreError(f"the number {first.number} already belongs to the practice {first.practice!r}")


def _put_lines(connection: Connection, name: str, document: Mapping[str, Any]) -> None:
    wanted = _lines(document)
    connection.execute(delete(lines).where(lines.c.practice == name, lines.c.number.not_in(list(wanted))))
    rows = [{"number": number, "practice": name, "name": line} for number, line in wanted.items()]
    if rows:
        connection.execute(upsert(connection.dialect, lines, list(rows[0])), rows)
        _part_from_threads(connection, name, list(wanted))


def _part_from_threads(connection: Connection, name: str, numbers: list[str]) -> None:
    """Threads that another practice had with these numbers stay its own, and none of ours goes on in one of them."""
    theirs = (conversations.c.line.in_(numbers), conversations.c.practice != name)
    parted = conversations.c.line + literal("~") + cast(conversations.c.id, String(16))
    connection.execute(update(conversations).where(*theirs).values(line=parted))
