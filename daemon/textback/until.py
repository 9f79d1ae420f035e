"""Work that goes on until the daemon stops, and loses nothing when it is let go in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

#: Runs until its event is set.
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


async def until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do ``work`` until ``stop``; raises what it raises before that."""
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            doing.result()
    finally:
        doing.cancel()
        stopping.cancel()
        await asyncio.gather(doing, stopping, return_exceptions=True)


class Running:
    """Works that have begun in ``tasks``, and end together when they are told to."""

    def __init__(self, tasks: asyncio.TaskGroup, works: Iterable[Work]) -> None:
        self._stop = asyncio.Event()
        self._doing = [tasks.create_task(work(self._stop)) for work in works]

    def tell(self) -> None:
        """Let them end; does not wait."""
        self._stop.set()

    async def end(self) -> None:
        """Let them end, and wait until they have; what they raise is their group's affair."""
        self.tell()
        if self._doing:
            await asyncio.wait(self._doing)
