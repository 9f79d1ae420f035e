"""The nightly deletion of what was kept for long enough: once for a database, however many daemons it has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from textback.clock import Clock
from textback.directory import Directory
from textback.reports.keeping import Reads, Writes
from textback.retention import Ages, steps
from textback.store import marks, purging
from textback.until import until

#: Seconds between two looks at the clock, between two batches, after which it may be begun anew.
EVERY, BETWEEN, ANEW = 60.0, 0.05, 20 * 3600.0
#: Minutes after its time of day within which it is begun: a daemon that was down then begins the next night.
WITHIN = 120
_DAY = 24 * 60


class Nightly:
    """Deletes by ``ages`` once a night, ``at`` so many minutes after midnight on this computer's clock."""

    def __init__(
        self,
        reader: Reads,
        writer: Writes,
        book: Callable[[Connection], Directory],
        ages: Ages,
        at: int,
        clock: Clock,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        log: logging.Logger = logging.getLogger("textback.retention"),
    ) -> None:
        self._reader, self._writer, self._book, self._clock = reader, writer, book, clock
        self._ages, self._at, self._sleep, self._log = ages, at, sleep, log
        self._is_told = False

    async def run(self, stop: asyncio.Event) -> None:
        """Do so until ``stop``; what was not reached by then goes the next night."""
        await until(stop, self._for_ever())

    async def look(self) -> bool:
        """Delete if it is time, and no other daemon does; gives whether it was."""
        now = self._clock()
        if not self._is_time(now) or await self._is_clock_wrong(now) or not await self._is_mine(now):
            return False
        self._log.info("deleting what was kept for long enough")
        work = steps(self._book, self._ages, now)
        result: Any = None
        try:
            while True:
                step = work.send(result)
                result = await (self._writer.run(step.job) if step.writes else self._reader(step.job))
                await self._sleep(BETWEEN)
        except StopIteration as end:
            told = ", ".join(f"{count} {kind}" for kind, count in end.value.items() if count) or "nothing"
            self._log.info("deleted: %s", told)
        return True

    def _is_time(self, now: float) -> bool:
        local = datetime.fromtimestamp(now)
        return (local.hour * 60 + local.minute - self._at) % _DAY < WITHIN

    async def _is_clock_wrong(self, now: float) -> bool:
        """Whether all that there is would be old enough: then it is rather the clock that is ahead."""
        ages = [age for age in (self._ages.calls, self._ages.messages) if age is not None]
        newest = await self._reader(purging.newest)
        is_wrong = bool(ages) and newest is not None and now - newest > min(ages)
        if is_wrong and not self._is_told:
            self._log.error(
                "nothing is deleted: even the newest call and text are old enough for that, so the clock may be wrong; "
                "if it is right, `textback purge` deletes"
            )
        self._is_told = is_wrong
        return is_wrong

    async def _is_mine(self, now: float) -> bool:
        last = await self._reader(partial(marks.at, name=marks.RETENTION))
        if last is not None and now - ANEW <= last <= now:
            return False
        return await self._writer.run(partial(marks.claim, name=marks.RETENTION, now=now, since=now - ANEW))

    async def _for_ever(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:  # what is too old by a night is no reason to stop texting
                self._log.error("what is too old could not be deleted: %s", type(error).__name__)
            await self._sleep(EVERY)
