"""From a thread that must not wait to the event loop: in order, and bounded."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

#: bytes that may wait; the loop would have to stand still for some seconds under the heaviest load ever seen
LIMIT = 32 * 1024 * 1024
#: things that are taken before the loop has its turn again
SLICE = 500

_Thing = TypeVar("_Thing")


class Handover(Generic[_Thing]):
    """``take`` is called in the event loop with each thing; beyond ``limit`` bytes things are dropped, and counted."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, take: Callable[[_Thing], None], limit: int = LIMIT
    ) -> None:
        self.dropped = 0
        self._loop = loop
        self._take = take
        self._limit = limit
        self._waiting: deque[tuple[_Thing, int]] = deque()
        self._size = 0
        self._lock = threading.Lock()
        self._is_called = False

    def put(self, things: list[tuple[_Thing, int]]) -> None:
        """Hand over things, each with its size in bytes; from any thread, never waits."""
        with self._lock:
            for thing, size in things:
                if self._size + size > self._limit:
                    self.dropped += 1
                else:
                    self._size += size
                    self._waiting.append((thing, size))
            if self._waiting and not self._is_called:
                self._call()

    def _call(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._drain)
            self._is_called = True
        except RuntimeError:  # the loop has ended, and with it everybody who could take something
            self._waiting.clear()

    def _drain(self) -> None:
        with self._lock:
            count = min(SLICE, len(self._waiting))
            things = [self._waiting.popleft() for _ in range(count)]
            self._size -= sum(size for _, size in things)
            self._is_called = False
            if self._waiting:
                self._call()
        for thing, _ in things:
            self._take(thing)
