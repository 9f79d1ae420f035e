"""Who writes for which PBX, of several daemons on one database: those who stand by watch, and take over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from textback.daemon_name import is_dead
from textback.intake import Intake
from textback.store import calls, leases
from textback.store.leases import Lease
from textback.until import until

T = TypeVar("T")

#: Seconds between two looks at the leases.
LOOK = 0.5
#: Seconds for which a beat must stand still, as this daemon itself sees it, and that may be between two looks at it:
#: whoever was asleep for longer has seen nothing, and begins anew.
PATIENCE, GAP = 3.0, 1.75
#: Calls that are asked about at once, whether they are over.
AT_ONCE = 500


class Read(Protocol):
    """Looks into the database beside the writer."""

    async def __call__(self, look: Callable[[Connection], T]) -> T:
        """What ``look`` finds; raises what the database raises."""
        ...


class Watch:
    """Watches the beat of whoever holds one lease; times in seconds of a clock that never jumps."""

    def __init__(self) -> None:
        self._seen: Lease | None = None
        self._since = self._looked = float("-inf")

    def is_gone(self, lease: Lease, at: float) -> bool:
        """Whether nobody holds the lease any more, as far as it was watched until ``at``."""
        if lease.holder is None or is_dead(lease.holder):
            return True
        if lease != self._seen or at - self._looked > GAP:
            self._seen, self._since = lease, at
        self._looked = at
        return at - self._since >= PATIENCE

    def lost_sight(self) -> None:
        """The database did not answer: nobody may have been able to write."""
        self._seen = None


class Rota:
    """Takes the leases of ``pbxes`` that nobody holds, or whose holder gives no sign of life any more."""

    def __init__(
        self,
        pbxes: Collection[str],
        intake: Intake,
        read: Read,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        log: logging.Logger = logging.getLogger("textback.calls"),
    ) -> None:
        #: who holds each lease, as last seen
        self.leases: dict[str, Lease] = {}
        self._pbxes, self._intake, self._read = tuple(pbxes), intake, read
        self._monotonic, self._sleep, self._log = monotonic, sleep, log
        self._watches = {pbx: Watch() for pbx in self._pbxes}
        self._is_blind = False

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until ``stop``."""
        await until(stop, self._for_ever())

    async def look(self) -> None:
        """Look once, and begin to take what nobody holds."""
        self.leases = await self._read(partial(leases.look, pbxes=self._pbxes))
        for pbx, lease in self.leases.items():
            if pbx not in self._intake.held and self._watches[pbx].is_gone(lease, self._monotonic()):
                self._intake.take_over(lease)

    async def _for_ever(self) -> None:
        while True:
            await self._sleep(LOOK)
            await self._try(self.look)
            await self._try(self._forget)

    async def _try(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
            self._is_blind = False
        except Exception as error:  # the database: the writer says so
            for watch in self._watches.values():
                watch.lost_sight()
            if not self._is_blind:
                self._log.warning("it cannot be seen who writes for which PBX: %s", type(error).__name__)
            self._is_blind = True

    async def _forget(self) -> None:
        """Keep no calls on tape that another daemon has written to their end."""
        for pbx in self._pbxes:
            tape = self._intake.tape(pbx)
            if pbx not in self._intake.held and (ended := tape.ended()[:AT_ONCE]):
                tape.forget(await self._read(partial(calls.over, call_ids=ended)))
