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
        # One attribute, for it may be read and replaced by several threads.
        self._held: tuple[object, Directory] = (None, Directory(()))

    def __call__(self, connection: Connection) -> Directory:
        """The practices of this moment."""
        fingerprint = practices.fingerprint(connection)
        known, directory = self._held
        if fingerprint != known:
            directory = Directory(_read(row) for row in practices.all_documents(connection))
            self._held = (fingerprint, directory)
        return directory


def _read(row: practices.PracticeRow) -> Practice:
    try:
        return read_practice(row.document)
    except PracticeError as wrong:
        where = f'practice "{row.name}" in the database: '
        raise PracticeError([replace(mistake, key=where + mistake.key) for mistake in wrong.mistakes]) from None
