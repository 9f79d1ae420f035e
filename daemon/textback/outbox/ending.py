"""Waiting in a daemon that may be told to stop: what is in hand gets a grace, everything else is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeVar

T = TypeVar("T")


class Stopping(Exception):
    """The daemon stops and cannot wait any longer for what is in hand."""


class Ending:
    """``stop`` says that the daemon ends; ``grace`` seconds later nothing is waited for any more."""

    def __init__(self, stop: asyncio.Event, grace: float) -> None:
        self._stop = stop
        self._grace = grace
        self._deadline: float | None = None

    def has_begun(self) -> bool:
        """Whether the daemon stops; from any thread."""
        return self._stop.is_set()

    async def finish(self, work: Awaitable[T], patience: Callable[[], float] = lambda: inf) -> T:
        """The result of ``work``; raises Stopping when the grace is over before there is one.

        ``patience``: once the daemon ends, the seconds that this work may take at most.
        """
        doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                await asyncio.wait({doing}, timeout=min(self._time_left(), patience()))
            if not doing.done():
                raise Stopping
            return doing.result()
        finally:
            doing.cancel()
            stopping.cancel()

    async def rest(self, sleep: Awaitable[None], *events: asyncio.Event) -> None:
        """Until ``sleep`` is over, one of the events is set, or the daemon stops."""
        waits = [asyncio.ensure_future(wait) for wait in (sleep, self._stop.wait(), *(e.wait() for e in events))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _time_left(self) -> float:
        now = asyncio.get_running_loop().time()
        if self._deadline is None:
            self._deadline = now + self._grace
        return max(self._deadline - now, 0.0)
