"""The practices as they are stored now: read again only when one of them changed."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from textback.directory import Directory
from textback.practice import Practice, PracticeError, read_practice
from textback.store import practices


class PracticeBook:
    """What ``practice apply`` or a page saved holds from the next event on."""

    def __init__(self) -> None:
        self._directory = Directory(())
        self._fingerprint: object = None

    def __call__(self, connection: Connection) -> Directory:
        """The practices of this moment."""
        fingerprint = practices.fingerprint(connection)
        if fingerprint != self._fingerprint:
            rows = practices.all_documents(connection)
            self._directory = Directory(_read(row) for row in rows)
            self._fingerprint = fingerprint
        return self._directory


def _read(row: practices.PracticeRow) -> Practice:
    try:
        return read_practice(row.document)
    except PracticeError as wrong:
        where = f'practice "{row.name}" in the database: '
        raise PracticeError([replace(mistake, key=where + mistake.key) for mistake in wrong.mistakes]) from None
