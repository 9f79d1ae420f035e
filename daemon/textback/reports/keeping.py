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
from textback.reports import changes_of, count_day, not_kept
from textback.reports.rules import Rules, day_at, day_span
from textback.store import day_counts
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
            rules = Rules(directory, practice)
            for day in await self._reader(partial(missing, rules=rules, now=self._clock())):
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
        changed, rows = await self._reader(partial(count, rules=rules, day=day))
        now, name = self._clock(), rules.practice.name
        await self._writer.run(
            lambda conn: day_counts.save(conn, name, str(day), rules.fingerprint, changed, rows, now)
        )


def missing(conn: Connection, rules: Rules, now: float) -> list[date]:
    """The days of a practice that can be kept at ``now`` (epoch seconds) and are not, the newest first."""
    first = day_counts.first_call_at(conn, rules.practice.name)
    if first is None:
        return []
    last = day_at(rules.zone, now)
    while day_span(rules.zone, last)[1] > now - LATE - MARGIN:
        last -= timedelta(1)
    found = not_kept(conn, rules, day_at(rules.zone, first), last)
    return [date.fromisoformat(day) for day in reversed(found)][:AT_ONCE]


def count(conn: Connection, rules: Rules, day: date) -> tuple[int, list[day_counts.Kept]]:
    """The figures of a day, and how often its calls had been changed by then."""
    # The changes first: one that is committed while the calls are counted makes the day be counted once more
    since, until_ = day_span(rules.zone, day)
    changed = changes_of(rules, day, day_counts.changes(conn, rules.practice.name, since, until_))
    return changed, count_day(conn, rules, day)
