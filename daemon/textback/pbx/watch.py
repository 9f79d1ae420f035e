"""Waiting until something changes on a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watch:
    """Wakes whoever waits for a channel, by its Uniqueid; whoever waits for another one is left alone."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Event]] = {}
        self.is_over = False

    def stir(self, uniqueid: str) -> None:
        """Something has changed there."""
        for event in self._waiting.get(uniqueid, ()):
            event.set()

    def close(self) -> None:
        """Nothing will change any more."""
        self.is_over = True
        for uniqueid in self._waiting:
            self.stir(uniqueid)

    async def until(self, condition: Callable[[], object], *uniqueids: str, seconds: float | None = None) -> bool:
        """Wait until ``condition`` holds, which may change with those channels; False if ``seconds`` pass before."""
        event = asyncio.Event()
        for uniqueid in uniqueids:
            self._waiting.setdefault(uniqueid, []).append(event)
        try:
            async with asyncio.timeout(seconds):
                while not (condition() or self.is_over):
                    event.clear()
                    await event.wait()
        except TimeoutError:
            pass  # what the condition says now, is what counts
        finally:
            for uniqueid in uniqueids:
                self._forget(uniqueid, event)
        return bool(condition())

    def _forget(self, uniqueid: str, event: asyncio.Event) -> None:
        self._waiting[uniqueid].remove(event)
        if not self._waiting[uniqueid]:
            del self._waiting[uniqueid]
