"""Time that passes only when everybody waits, and then at once."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from typing import Any

_TURNS = 50  # of the loop, for what woke up to reach its next sleep


class VirtualTime:
    """A clock and a ``sleep`` that agree with each other and take no real time."""

    def __init__(self, now: float = 1_795_281_528.25) -> None:
        self.now = now
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        wakes = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), wakes))
        await wakes

    async def run(self, story: Coroutine[Any, Any, None], until: float | None = None) -> None:
        """Let the story happen to its end, or for ``until`` seconds, and then cancel it."""
        end = None if until is None else self.now + until
        task = asyncio.create_task(story)
        while await self._still(task):
            if end is not None and self._sleepers[0][0] > end:
                self.now = end
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                return
            self._wake_next()
        await task

    async def _still(self, task: asyncio.Task[None]) -> bool:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        return not task.done()

    def _wake_next(self) -> None:
        self.now, _, wakes = heapq.heappop(self._sleepers)
        if not wakes.cancelled():
            wakes.set_result(None)
