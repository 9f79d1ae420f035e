"""Which line a number is, as the practices say now; known, too, while the database does not answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy import Connection

from textback.directory import Directory, Home
from textback.store.writer import Writer

#: Seconds that a caller may be kept waiting for the database.
PATIENCE = 2.0


class Lines:
    """``directory`` reads the practices; a caller to a line is not told that the database is gone."""

    def __init__(
        self,
        writer: Writer,
        directory: Callable[[Connection], Directory],
        log: logging.Logger,
        patience: float = PATIENCE,
    ) -> None:
        self._writer, self._directory, self._log, self._patience = writer, directory, log, patience
        self._last = Directory(())

    async def find(self, number: str) -> Home | None:
        """The practice and line of a texting number (E.164); None if it is nobody's."""
        try:
            self._last = await asyncio.wait_for(self._writer.run(self._directory), self._patience)
        except Exception as error:  # the phone comes first: whatever is wrong, what was known last is good enough
            self._log.warning("a call to a line goes where it went last: %s", type(error).__name__)
        return self._last.line(number)

    def is_ours(self, number: str) -> bool:
        """Whether a number is one of the lines, as far as is known."""
        return self._last.line(number) is not None
