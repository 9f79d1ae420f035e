"""Saves what a form changed of a practice: checked as a file is, and over no change that its author has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from textback.mistakes import Mistake
from textback.model import Staff
from textback.practice import Practice, PracticeError, read_practice, to_document
from textback.practice.changes import Change, changes
from textback.practice.conflicts import conflicts
from textback.store import audit, practices
from textback.store.audit import Action
from textback.store.practices import PracticeRow
from textback.store.signatures import by_page
from textback.web.pages.settings.fields import Document

#: The practice with what a form changed, and what of that cannot even be put there.
Edit = Callable[[Mapping[str, Any]], tuple[Document, list[Mistake]]]
#: Seconds that two times may differ by that are the same: a database keeps microseconds.
_SAME = 0.001


@dataclass(frozen=True)
class Outcome:
    """What became of it: saved; or not, for ``mistakes``, or since ``overtaken`` by another change.

    ``row``: the practice as it stands now.
    """

    row: PracticeRow
    mistakes: tuple[Mistake, ...] = ()
    overtaken: Overtaken | None = None
    saved: bool = False


@dataclass(frozen=True)
class Overtaken:
    """What others changed since a form was made from ``base``; both are None where nobody can tell any more."""

    by: str
    at: float
    changes: tuple[Change, ...] | None
    base: Mapping[str, Any] | None


def save(
    conn: Connection, staff: Staff, others: Iterable[Practice], name: str, version: int, edit: Edit, now: float
) -> Outcome | None:
    """Save it for the version that its form was made from; None if there is no such practice, or not for them.

    A job of the writer, which may run it twice: what it saved itself is no change by another.
    """
    row = practices.find(conn, name, for_update=True)
    if row is None or not staff.sees(row.name):
        return None
    if row.version != version:
        if _is_this(conn, row, staff, others, version, edit, now):
            return Outcome(row, saved=True)
        return Outcome(row, overtaken=overtaken(conn, row, version))
    practice, mistakes = checked(row, edit, staff, others)
    if practice is None:
        return Outcome(row, tuple(mistakes))
    _put(conn, row, practice, staff, now)
    return Outcome(row, saved=True)


def _is_this(
    conn: Connection, row: PracticeRow, staff: Staff, others: Iterable[Practice], version: int, edit: Edit, now: float
) -> bool:
    """Whether what stands there is this very change, made by a run whose COMMIT was not heard of."""
    if (row.version, row.updated_by) != (version + 1, by_page(staff.name)) or abs(row.updated_at - now) >= _SAME:
        return False
    older = practices.versions(conn, row.name, before=row.version, limit=1)
    practice = checked(older[0], edit, staff, others)[0] if older else None
    return practice is not None and to_document(practice) == row.document


def checked(
    row: PracticeRow, edit: Edit, staff: Staff, others: Iterable[Practice]
) -> tuple[Practice | None, list[Mistake]]:
    """The practice as it would be; or every mistake, as `practice apply` finds them, and None."""
    document, mistakes = edit(row.document)
    try:
        practice = read_practice(document)
    except PracticeError as wrong:
        return None, mistakes + wrong.mistakes
    mistakes += conflicts(practice, others, staff.sees)
    return (None, mistakes) if mistakes else (practice, [])


def overtaken(conn: Connection, row: PracticeRow, version: int) -> Overtaken:
    """What changed in a practice after that version."""
    kept = practices.versions(conn, row.name, before=version + 1, limit=1)
    base = kept[0].document if kept and kept[0].version == version else None
    told = None if base is None else tuple(changes(base, row.document))
    return Overtaken(row.updated_by, row.updated_at, told, base)


def _put(conn: Connection, row: PracticeRow, practice: Practice, staff: Staff, now: float) -> None:
    document = to_document(practice)
    told = ", ".join(change.key for change in changes(row.document, document))
    if practices.put(conn, row.name, document, by_page(staff.name), now) != row.version:
        audit.note(conn, now, staff.name, Action.CHANGED_SETTINGS, practice=row.name, detail=told)
