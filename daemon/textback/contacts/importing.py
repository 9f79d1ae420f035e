"""Takes in rows batch by batch: each is somebody known, somebody to be known better, or somebody new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from textback.contacts.columns import Columns, ContactsError
from textback.contacts.matching import Known, Match
from textback.contacts.person import Bad, Told, language_of, read
from textback.directory import Directory
from textback.model import ContactKind
from textback.practice import Practice
from textback.sheet import Row
from textback.store import contacts, refiling

#: Rows in one transaction: a daemon that runs beside it waits no longer than that.
BATCH = 500


@dataclass(slots=True)
class Outcome:
    """What became of rows; ``bad``: the line of each that could not be taken in, and why."""

    new: int = 0
    changed: int = 0
    same: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)
    #: rows whose language is none we know of, and so is taken for not told
    odd_languages: int = 0


class Import:
    """One table on its way into the contacts, ``now`` in epoch seconds.

    ``practice``: whose contacts they are, where the table does not say it; may be None if there is only one.
    ``kind``: what somebody new is, where it does not say that. Raises ``ContactsError``.
    """

    def __init__(
        self, directory: Directory, columns: Columns, practice: str | None, kind: ContactKind, now: float
    ) -> None:
        self._practices = {one.name: one for one in directory.practices}
        self._columns, self._kind, self._now = columns, kind, now
        self._seen = _Seen()
        if practice is None and len(self._practices) == 1:
            practice = next(iter(self._practices))
        if practice is None and "practice" not in columns.fields or practice and practice not in self._practices:
            names = ", ".join(self._practices) or "none yet"
            raise ContactsError(f"say whose contacts they are; the practices are: {names}")
        self._practice = practice

    def take(self, conn: Connection, rows: Sequence[Row], write: bool = True) -> Outcome:
        """Take in some rows, in one transaction; ``write`` False only looks what would become of them."""
        outcome = Outcome()
        told = [(row.line, *found) for row in rows if (found := self._read(row, outcome)) is not None]
        match = Match(conn, [(practice, one) for _, practice, one in told], self._kind, self._now)
        for line, practice, one in told:
            self._place(match, line, practice, one, outcome)
        if write:
            contacts.save(conn, match.new(), match.changed())
            refiling.refile(conn, match.touched())
        return outcome

    def _read(self, row: Row, outcome: Outcome) -> tuple[str, Told] | None:
        try:
            if row.mistake:
                raise Bad(row.mistake)
            practice = self._practice_of(row)
            told = read(self._columns, row.cells, practice.region)
        except Bad as bad:
            outcome.bad.append((row.line, str(bad)))
            return None
        language = self._columns.of(row.cells, "language")
        outcome.odd_languages += bool(language) and language_of(language) is None
        return practice.name, told

    def _practice_of(self, row: Row) -> Practice:
        name = self._columns.of(row.cells, "practice") or self._practice or ""
        if name not in self._practices:
            raise Bad("there is no practice of that name")
        return self._practices[name]

    def _place(self, match: Match, line: int, practice: str, told: Told, outcome: Outcome) -> None:
        known = match.find(practice, told, self._was_seen)
        if known is None:
            match.add(practice, told)
            outcome.new += 1
        elif not match.differs(known, told):
            self._seen.add(known)
            outcome.same += 1
        elif self._was_seen(known):
            outcome.bad.append((line, "the same person is there twice, and not told the same"))
        else:
            self._seen.add(known)
            match.improve(known, told)
            outcome.changed += 1

    def _was_seen(self, known: Known) -> bool:
        """Whether an earlier row was about them; whom this import made or changed bears its time."""
        just = known.updated_at is not None and abs(known.updated_at - self._now) < 1e-5
        return just or known.id is not None and known.id in self._seen


class _Seen:
    """Contacts by id, a bit for each, in blocks: a million of them take little room."""

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}

    def add(self, known: Known) -> None:
        if known.id is not None:
            block, bit = divmod(known.id, 4096)
            self._blocks[block] = self._blocks.get(block, 0) | 1 << bit

    def __contains__(self, contact_id: int) -> bool:
        block, bit = divmod(contact_id, 4096)
        return bool(self._blocks.get(block, 0) >> bit & 1)
