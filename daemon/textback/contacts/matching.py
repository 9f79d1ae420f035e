"""Whom a row is about: by the other software's id, else by number and name, else whoever is known by number alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from textback.contacts.columns import one_line
from textback.contacts.person import Told
from textback.model import ContactKind
from textback.store import contacts


@dataclass(slots=True)
class Known:
    """Somebody in the contacts, or about to be: ``id`` None."""

    id: int | None
    practice: str
    number: str
    first_name: str | None
    last_name: str | None
    kind: str
    language: str | None
    verified: bool
    external_id: str | None
    updated_at: float | None
    is_changed: bool = False
    number_before: str | None = None

    @property
    def name(self) -> tuple[str, str]:
        return _plain(self.first_name), _plain(self.last_name)


class Match:
    """The contacts who may be meant by some rows, in two queries for each practice, and what becomes of them."""

    def __init__(self, conn: Connection, told: Sequence[tuple[str, Told]], kind: ContactKind, now: float) -> None:
        self._kind, self._now = kind, now
        self._all: list[Known] = []
        self._by_id: dict[tuple[str, str], Known] = {}
        self._by_number: defaultdict[tuple[str, str], list[Known]] = defaultdict(list)
        for practice in sorted({name for name, _ in told}):
            theirs = [one for name, one in told if name == practice]
            ids = {one.external_id for one in theirs if one.external_id}
            for row in contacts.candidates(conn, practice, {one.number for one in theirs}, ids):
                fields = {name: getattr(row, name) for name in _KEPT}
                self._enter(Known(**fields))

    def find(self, practice: str, told: Told, was_seen: Callable[[Known], bool]) -> Known | None:
        """Who is meant; of several who may be, one who is as told, then one of whom no row told yet."""
        if told.external_id and (practice, told.external_id) in self._by_id:
            return self._by_id[practice, told.external_id]
        there = [one for one in self._by_number[practice, told.number] if _may_be(one, told)]
        name = (_plain(told.first_name), _plain(told.last_name))
        named = [one for one in there if one.name == name]
        if named:
            return min(named, key=lambda one: (self.differs(one, told), was_seen(one)))
        if name == ("", "") and not told.external_id:
            return there[0] if there else None
        nameless = (one for one in there if one.name == ("", "") and not one.verified and not one.external_id)
        return next(nameless, None)

    def differs(self, known: Known, told: Told) -> bool:
        """Whether a row tells something else than is known; what it does not tell stays as it is."""
        said = _said(told)
        return any(one_line(str(getattr(known, name) or "")) != str(value) for name, value in said.items()) or (
            known.verified != told.verified
        )

    def add(self, practice: str, told: Told) -> None:
        """Somebody new."""
        kind = told.kind or self._kind
        names = (told.first_name, told.last_name, kind.value, told.language, told.verified, told.external_id)
        self._enter(Known(None, practice, told.number, *names, updated_at=self._now))

    def improve(self, known: Known, told: Told) -> None:
        """Somebody of whom more is known now, or something else."""
        if known.number != told.number:
            known.number_before = known.number_before or known.number
            self._by_number[known.practice, told.number].append(known)
        for name, value in _said(told).items():
            setattr(known, name, value)
        if told.kind is None and told.verified and not known.verified:
            known.kind = self._kind.value  # what it was until now is what a stranger is
        known.verified, known.updated_at, known.is_changed = told.verified, self._now, True
        if known.external_id:
            self._by_id.setdefault((known.practice, known.external_id), known)

    def new(self) -> list[dict[str, Any]]:
        """The rows to insert."""
        return [_row(one) | {"created_at": self._now} for one in self._all if one.id is None]

    def changed(self) -> list[dict[str, Any]]:
        """The rows to update."""
        return [_row(one) | {"contact": one.id} for one in self._all if one.id is not None and one.is_changed]

    def touched(self) -> set[tuple[str, str]]:
        """Practice and number of each conversation that may be filed under somebody else now."""
        return {pair for one in self._all if one.id is None or one.is_changed for pair in _numbers(one)}

    def _enter(self, known: Known) -> None:
        self._all.append(known)
        self._by_number[known.practice, known.number].append(known)
        if known.external_id:
            self._by_id.setdefault((known.practice, known.external_id), known)


_KEPT = (
    "id", "practice", "number", "first_name", "last_name", "kind", "language", "verified", "external_id", "updated_at",
)  # fmt: skip


def _said(told: Told) -> dict[str, Any]:
    """What a row tells, by column; ``verified`` it always does."""
    said = {
        "number": told.number,
        "first_name": told.first_name,
        "last_name": told.last_name,
        "kind": told.kind.value if told.kind else None,
        "language": told.language,
        "external_id": told.external_id,
    }
    return {name: value for name, value in said.items() if value is not None}


def _may_be(known: Known, told: Told) -> bool:
    """Who goes by another id is somebody else; so is one whose number another row has just changed."""
    other = known.external_id and told.external_id and known.external_id != told.external_id
    return not other and known.number == told.number


def _row(known: Known) -> dict[str, Any]:
    return {name: getattr(known, name) for name in _KEPT if name != "id"}


def _numbers(known: Known) -> Iterator[tuple[str, str]]:
    yield known.practice, known.number
    if known.number_before:
        yield known.practice, known.number_before


def _plain(name: str | None) -> str:
    return one_line(name or "").casefold()
