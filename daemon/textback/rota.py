"""Who writes for which PBX, of several daemons on one database: those who stand by watch, and take over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Hashable
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from textback.clock import Clock, system_clock
from textback.daemon_name import is_dead
from textback.intake import Intake
from textback.store import calls, leases, standbys
from textback.store.leases import Lease
from textback.store.reader import Read
from textback.store.standbys import Standby
from textback.store.writer import Job
from textback.until import until

T = TypeVar("T")

#: Seconds between two looks at the leases.
LOOK = 0.3
#: Seconds for which a beat must stand still, as this daemon itself sees it, and that may be between two looks at it:
#: whoever was asleep for longer has seen nothing, and begins anew.
PATIENCE, GAP = 2.0, 1.5
#: Seconds by which those who have listened for longer come first.
PRECEDENCE = 1.5
#: Seconds for which the link of who writes may be down before somebody else whose link is up goes on.
DEAF = 3.0
#: Calls that are asked about at once, whether they are over.
AT_ONCE = 500


class Write(Protocol):
    """Writes; the job is done some time later, and nobody waits for it."""

    def submit(self, job: Job[T]) -> Any:
        """Have a job done in a transaction."""
        ...


class Stillness:
    """For how long something has stood still, as far as it was watched; by a clock that never jumps."""

    def __init__(self) -> None:
        self._seen: Hashable = None
        self._since = self._looked = float("-inf")

    def seconds(self, value: Hashable, at: float) -> float:
        """The seconds for which it has been ``value``, seen again and again until ``at``."""
        if value != self._seen or at - self._looked > GAP:
            self._seen, self._since = value, at
        self._looked = at
        return at - self._since


class Rota:
    """Takes the leases of ``pbxes`` that nobody holds, or whose holder gives no sign of life any more.

    ``name`` is this daemon's own; ``monotonic`` gives seconds of a clock that never jumps.
    """

    def __init__(
        self,
        name: str,
        pbxes: Collection[str],
        intake: Intake,
        read: Read,
        writer: Write,
        clock: Clock = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        log: logging.Logger = logging.getLogger("textback.calls"),
    ) -> None:
        #: who writes for each PBX, and who stands by and lives, as last seen
        self.leases: dict[str, Lease] = {}
        self.ready: list[Standby] = []
        self._name, self._pbxes, self._intake = name, tuple(pbxes), intake
        self._read, self._writer, self._clock = read, writer, clock
        self._monotonic, self._sleep, self._log = monotonic, sleep, log
        self._still: dict[Hashable, Stillness] = {}
        #: this daemon's own place for each PBX, and since when the link was up that it is for
        self._places: dict[str, tuple[int, float | None]] = {}
        self._beats = 0
        self._is_blind = False
        #: the PBXes that are followed no more, and whose last calls are still to be decided
        self._leaving: set[str] = set()

    def follow(self, pbx: str) -> None:
        """Watch over one more PBX, which has a lease by now; once is enough."""
        self._leaving.discard(pbx)
        self._pbxes = tuple(dict.fromkeys((*self._pbxes, pbx)))

    def let_go(self, pbx: str) -> None:
        """Take that PBX no more; as long as this daemon has it, somebody else who follows it may have it."""
        self._pbxes = tuple(one for one in self._pbxes if one != pbx)
        self._leaving.add(pbx)
        if self._places.pop(pbx, None):
            self._writer.submit(partial(standbys.leave, daemon=self._name, pbxes=[pbx], now=self._clock()))

    def is_gone(self, pbx: str) -> None:
        """Nothing of that PBX is left to be done here."""
        self._leaving.discard(pbx)

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until ``stop``."""
        await until(stop, self._for_ever())

    async def _for_ever(self) -> None:
        while True:
            await self._sleep(LOOK)
            await self.round()

    async def round(self) -> None:
        """Look once, whatever the database does, and say that this daemon stands by."""
        try:
            await self.look()
            await self._forget()
            self._is_blind = False
        except Exception as error:  # the database: the writer says so
            self._still.clear()  # nobody may have been able to write
            if not self._is_blind:
                self._log.warning("it cannot be seen who writes for which PBX: %s", type(error).__name__)
            self._is_blind = True
        else:
            self._stand_by()

    async def look(self) -> None:
        """Look once, and begin to take what nobody holds."""
        self.leases, others = await self._read(self._seen)
        at = self._monotonic()
        self.ready = [one for one in others if one.daemon != self._name and self._lives(one, at)]
        for pbx, lease in self.leases.items():
            if pbx in self._intake.held:
                self._yield(pbx, at)
            elif pbx in self._pbxes and self._is_gone(lease, at):
                self._intake.take_over(lease)
        for pbx in self._intake.held - {*self._pbxes, *self._leaving}:  # it was taken while it was let go
            self._intake.give_up(pbx)

    def leave(self, conn: Connection) -> None:
        """A job for the writer, the last one: this daemon does not stand by any more."""
        standbys.leave(conn, self._name, self._pbxes, self._clock())

    # -- those who write --------------------------------------------------------------------------------

    def _seen(self, conn: Connection) -> tuple[dict[str, Lease], list[Standby]]:
        pbxes = (*self._pbxes, *self._leaving)
        return leases.look(conn, pbxes), standbys.look(conn, pbxes)

    def _seconds(self, what: Hashable, value: Hashable, at: float) -> float:
        return self._still.setdefault(what, Stillness()).seconds(value, at)

    def _is_gone(self, lease: Lease, at: float) -> bool:
        is_free = lease.holder is None or is_dead(lease.holder)
        patience = (0.0 if is_free else PATIENCE) + (PRECEDENCE if self._comes_later(lease.pbx) else 0.0)
        return self._seconds(lease.pbx, lease, at) >= patience

    def _yield(self, pbx: str, at: float) -> None:
        """Who hears nothing of the PBX leaves it to somebody who does."""
        since = self._intake.tape(pbx).synced_at
        is_deaf = self._seconds(("link", pbx), since, at) >= DEAF and since is None
        if is_deaf and any(one.pbx == pbx and one.is_up for one in self.ready):
            self._intake.give_up(pbx)

    # -- those who stand by -----------------------------------------------------------------------------

    def _lives(self, one: Standby, at: float) -> bool:
        return self._seconds(one[:2], one.beat, at) < PATIENCE and not is_dead(one.daemon)

    def _comes_later(self, pbx: str) -> bool:
        """Whether others who stand by have heard more than this daemon."""
        is_up, (place, _) = self._intake.tape(pbx).synced_at is not None, self._places.get(pbx, (0, None))
        others = [one for one in self.ready if one.pbx == pbx and one.is_up]
        return any(not is_up or not place or one.place < place for one in others)

    def _stand_by(self) -> None:
        self._beats += 1
        for pbx in self._pbxes:
            if pbx not in self._intake.held:
                self._writer.submit(partial(self._say, pbx=pbx, beat=self._beats, now=self._clock()))
            elif self._places.pop(pbx, None):
                self._writer.submit(partial(standbys.leave, daemon=self._name, pbxes=[pbx], now=self._clock()))

    def _say(self, conn: Connection, pbx: str, beat: int, now: float) -> None:
        """Give a sign of life; who has missed something comes after all others."""
        synced_at, (place, before) = self._intake.tape(pbx).synced_at, self._places.get(pbx, (0, None))
        told = Standby(pbx, self._name, synced_at is not None, place if before == synced_at else 0, beat)
        self._places[pbx] = (standbys.stand_by(conn, told, now), synced_at)

    async def _forget(self) -> None:
        """Keep no calls on tape that another daemon has written to their end."""
        for pbx in self._pbxes:
            tape = self._intake.tape(pbx)
            if pbx not in self._intake.held and (ended := tape.ended()[:AT_ONCE]):
                tape.forget(await self._read(partial(calls.over, call_ids=ended)))
