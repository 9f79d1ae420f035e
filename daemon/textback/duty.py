"""Which of several daemons does what is enough to be done once: to fetch, to look up, to take away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textback.daemon_name import is_dead
from textback.rota import Read, Stillness
from textback.store import leases
from textback.store.leases import Lease
from textback.store.writer import Writer
from textback.until import until

#: The lease that it is; no PBX can be called so.
NAME = "/duty"
#: Seconds between two beats, and for which a beat must stand still before somebody else is on duty.
BEAT, PATIENCE = 1.0, 5.0


class Duty:
    """Whether this daemon is on duty; two of them may be for a moment, when one was frozen: it does no harm."""

    def __init__(
        self,
        name: str,
        writer: Writer,
        read: Read,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        log: logging.Logger = logging.getLogger("textback"),
    ) -> None:
        self._name, self._writer, self._read = name, writer, read
        self._monotonic, self._sleep, self._log = monotonic, sleep, log
        self._term: int | None = None
        self._stillness = Stillness()
        self._done_at = float("-inf")

    def is_ours(self) -> bool:
        """Whether this daemon is on duty, and was lately able to say so."""
        return self._term is not None and self._monotonic() - self._done_at < PATIENCE

    async def run(self, stop: asyncio.Event) -> None:
        """Be on duty, or wait for it, until ``stop``."""
        await self._writer.run(partial(leases.ensure, pbxes=[NAME]))
        await until(stop, self._for_ever())
        if self._term is not None:
            self._writer.submit(partial(leases.give_back, name=self._name, terms={NAME: self._term}))

    async def _for_ever(self) -> None:
        while True:
            try:
                await self.round()
            except Exception as error:  # the database: the writer says so
                self._stillness = Stillness()
                self._log.debug("who is on duty cannot be seen: %s", type(error).__name__)
            await self._sleep(BEAT)

    async def round(self) -> None:
        """Say that this daemon is on duty, or look whether nobody is."""
        if self._term is not None:
            kept = await self._writer.run(partial(leases.keep, name=self._name, terms={NAME: self._term}))
            self._term = self._term if kept else None
        else:
            found = await self._read(partial(leases.look, pbxes=[NAME]))
            if NAME in found and self._is_free(found[NAME]):
                self._term = await self._writer.run(partial(leases.take, seen=found[NAME], name=self._name))
        self._done_at = self._monotonic()

    def _is_free(self, lease: Lease) -> bool:
        still = self._stillness.seconds(lease, self._monotonic())
        return lease.holder is None or is_dead(lease.holder) or still >= PATIENCE
