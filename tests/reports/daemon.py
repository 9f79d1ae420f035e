"""The job that keeps days, at any time, without a loop of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from textback.book import PracticeBook
from textback.reports.keeping import Keeping


class Daemon:
    """Reads and writes in one open transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn, self.book = conn, PracticeBook()

    async def __call__(self, look: Callable[[Connection], Any]) -> Any:
        return look(self._conn)

    async def run(self, job: Callable[[Connection], Any]) -> Any:
        return job(self._conn)

    def keep(self, now: float) -> int:
        """One round at a time in epoch seconds; gives how many days it kept."""
        async def at_once(seconds: float) -> None:
            return None

        work = Keeping(self, self, self.book, lambda: now, at_once).round()
        try:
            while True:
                work.send(None)
        except StopIteration as done:
            return int(done.value)
