"""Asks the provider for replies and delivery states: where no callback can reach us, or where one was lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Connection

from textback.clock import Clock
from textback.model import Status
from textback.sms import Delivery, Inbound, Provider
from textback.sms.outage import Outage, asked, first_failure
from textback.store import polls
from textback.store.engine import StoreError
from textback.store.writer import Writer
from textback.until import until

#: How far back, in seconds, replies are fetched the first time, and again each time: a list may be behind, and what
#: comes in pieces is listed once it is whole.
FIRST, OVERLAP = 86_400.0, 600.0
#: Seconds between two notes of how far the replies were fetched: what is fetched twice does no harm.
NOTED = 60.0
#: Seconds in which what could not be taken in is fetched again: a STOP must not be lost, nor all else wait for ever.
RETRIED = 3600.0
#: Texts of the last ``NEAR`` seconds are asked about each time, and those of the last ``FAR`` every ``FAR_EVERY``.
NEAR, FAR, FAR_EVERY = 900.0, 3 * 86_400.0, 600.0
#: Lines that are asked about at once.
AT_ONCE = 4


class Recipient(Protocol):
    """Who takes what was fetched; whatever comes a second time must have no second effect."""

    async def take(self, inbound: Inbound) -> object:
        """Take in a text; returns once it is durable."""
        ...

    async def deliver(self, delivery: Delivery) -> None:
        """Take in what became of a text; returns once it is durable."""
        ...


class Polling:
    """Goes through the ``lines`` (E.164) every so many seconds; ``sleep`` is for tests."""

    def __init__(
        self,
        writer: Writer,
        reception: Recipient,
        provider: Provider,
        clock: Clock,
        lines: Callable[[Connection], Collection[str]],
        every: float,
        log: logging.Logger,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
    ) -> None:
        self._writer, self._reception, self._provider, self._clock = writer, reception, provider, clock
        self._lines, self._every, self._log, self._sleep = lines, every, log, sleep
        self._outage = Outage("replies and delivery states cannot be fetched", every, clock, log)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._taken: dict[str, set[str]] = {}
        self._failed: dict[str, set[str]] = {}
        self._looked_far: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch until ``stop``; raises StoreError if the database gives up before."""
        await until(stop, self._for_ever())

    async def _for_ever(self) -> None:
        while True:
            await self._sleep(await self._round())

    async def _round(self) -> float:
        """Fetch for every line; returns the seconds until the next time."""
        lines = sorted(await self._writer.run(self._lines))
        failure = await first_failure(map(self._fetch, lines))
        if failure is not None:
            return self._outage.pause(failure)
        self._outage.end()
        return self._every

    async def _fetch(self, line: str) -> None:
        async with self._places:
            now = self._clock()
            await self._fetch_replies(line, now)
            await self._fetch_deliveries(line, now)

    async def _fetch_replies(self, line: str, now: float) -> None:
        seen = await self._writer.run(partial(polls.seen_until, line=line))
        # A clock that was set back has left a time that is still to come: since when is not known.
        since = now - FIRST if seen is None or seen > now else seen - OVERLAP
        found = await asked(self._provider.received(line, since))
        known = self._taken.get(line, set())
        told, failed = self._failed.get(line, set()), set[str]()
        for text in found:
            sid = text.provider_id
            if sid not in known and not await self._hand_over(self._reception.take(text), sid, sid in told):
                failed.add(sid)
        self._taken[line], self._failed[line] = {text.provider_id for text in found} - failed, failed
        if seen is None or abs(now - seen) >= (RETRIED if failed else NOTED):
            await self._writer.run(partial(polls.save, line=line, seen=now))

    async def _fetch_deliveries(self, line: str, now: float) -> None:
        far = not 0 <= now - self._looked_far.get(line, float("-inf")) < FAR_EVERY
        since = now - (FAR if far else NEAR)
        waiting = await self._writer.run(
            lambda conn: polls.on_their_way(conn, self._provider.name, line, since)
        )
        if waiting:
            for one in await asked(self._provider.deliveries(line, min(waiting.values()))):
                if one.provider_id in waiting and one.status is not Status.SENT:
                    await self._hand_over(self._reception.deliver(one), one.provider_id)
        if far:
            self._looked_far[line] = now

    async def _hand_over(self, work: Awaitable[object], provider_id: str, told: bool = False) -> bool:
        """Whether it was taken in; ``told``: that it was not is in the log already."""
        try:
            await work
            return True
        except StoreError:
            raise
        except Exception as error:  # one that cannot be taken in must not keep out all that come after it
            if not told:
                self._log.error("%s could not be taken in: %s", provider_id, type(error).__name__)
            return False
