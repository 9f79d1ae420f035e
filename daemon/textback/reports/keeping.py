"""Keeps the figures of days that are over, and counts anew those that changed since."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from textback.clock import Clock
from textback.directory import Directory
from textback.reports import keep_day, not_kept, rules_of
from textback.reports.rules import Rules, day_at
from textback.store.changes import LATE, MARGIN
from textback.until import until

T = TypeVar("T")

#: Seconds between two rounds, and between two days, so that the keeping holds nobody up.
EVERY, BETWEEN = 20.0, 0.05
#: Days of a practice that are counted in one round; the newest first, since they are asked for most.
AT_ONCE = 400


class Reads(Protocol):
    """Looks into the database beside the writer."""

    async def __call__(self, look: Callable[[Connection], T]) -> T:
        """What a look finds."""
        ...


class Writes(Protocol):
    """Writes, and returns once it is committed."""

    async def run(self, job: Callable[[Connection], T]) -> T:
        """What a job gives."""
        ...


class Keeping:
    """Does so for all practices; of several daemons each does, and what they write is the same."""

    def __init__(
        self,
        reader: Reads,
        writer: Writes,
        book: Callable[[Connection], Directory],
        clock: Clock,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        log: logging.Logger = logging.getLogger("textback.reports"),
    ) -> None:
        self._reader, self._writer, self._book, self._clock = reader, writer, book, clock
        self._sleep, self._log = sleep, log
        self._failing = False

    async def run(self, stop: asyncio.Event) -> None:
        """Keep until ``stop``."""
        await until(stop, self._for_ever())

    async def round(self) -> int:
        """Count all days that are over and not kept as they are now; gives how many that were."""
        directory, kept = await self._reader(self._book), 0
        for practice in directory.practices:
            rules = await self._reader(partial(rules_of, directory=directory, practice=practice))
            for day in await self._reader(partial(missing, rules=rules, before=self._clock(), now=self._clock())):
                await self._keep(rules, day)
                await self._sleep(BETWEEN)
                kept += 1
        return kept

    async def _for_ever(self) -> None:
        while True:
            try:
                await self.round()
                self._failing = False
            except Exception as error:  # a report that is counted slowly is no reason to stop texting
                if not self._failing:
                    self._log.warning("the figures of past days are not kept now: %s", type(error).__name__)
                self._failing = True
            await self._sleep(EVERY)

    async def _keep(self, rules: Rules, day: date) -> None:
        keep, now = await self._reader(partial(keep_day, rules=rules, day=day)), self._clock()
        await self._writer.run(lambda conn: keep(conn, now))


def missing(conn: Connection, rules: Rules, before: float, now: float) -> list[date]:
    """The days that end by ``before``, can be kept at ``now`` (epoch seconds) and are not; the newest first."""
    last = last_over(rules, before, now)
    return not_kept(conn, rules, None, last)[::-1][:AT_ONCE]


def last_over(rules: Rules, before: float, now: float) -> date:
    """The last day that ends by ``before``, and of which at ``now`` nothing is expected any more but late changes."""
    latest = min(before, now - LATE - MARGIN)
    return day_at(rules.zone, latest) - timedelta(1)
