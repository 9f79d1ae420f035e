"""Looks into the database beside the writer, for those who cannot wait until it is their turn there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from textback.store.engine import reading

T = TypeVar("T")

#: Looks at once; more wait for their turn.
THREADS = 4


class Read(Protocol):
    """What looks into the database beside the writer: a ``Reader``, or what stands in for it."""

    async def __call__(self, look: Callable[[Connection], T]) -> T:
        """What ``look`` finds; raises what the database raises."""
        ...


class Reader:
    """Runs looks in threads of its own; a database that hangs holds up no one but who asks it."""

    def __init__(self, engine: Engine, threads: int = THREADS) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="textback-reader")
        self._threads, self._asked = threads, 0

    async def __call__(self, look: Callable[[Connection], T]) -> T:
        """What ``look`` finds; raises what the database raises."""
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._look, look)
        finally:
            self._asked -= 1

    @property
    def waiting(self) -> int:
        """Looks that wait until a thread is free."""
        return max(0, self._asked - self._threads)

    def close(self) -> None:
        """Take no more looks; those that hang are left alone."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _look(self, look: Callable[[Connection], T]) -> T:
        with reading(self._engine) as connection:
            return look(connection)
