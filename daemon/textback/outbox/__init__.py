"""Claim, send, settle: a text is handed over at most once, and one of unknown fate is looked for, never resent."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Connection

from textback.outbox import outcomes
from textback.clock import Clock
from textback.outbox.doubt import Doubt
from textback.outbox.ending import Ending, Stopping
from textback.model import Status
from textback.outbox.pacing import Gate, Line, due_again
from textback.sms import Accepted, Fault, Provider, SendError
from textback.store import messages, optouts
from textback.store.engine import StoreError
from textback.store.messages import OutMessage, Settled
from textback.store.sweep import sweep
from textback.store.writer import Writer

T = TypeVar("T")

#: Seconds between two looks into the queue when nobody nudges.
POLL = 1.0
#: Seconds after which a text that another sender claimed is taken to be abandoned, and between looks for such.
STALE, RESCAN = 180.0, 60.0
#: Seconds that what is in hand may still take once the daemon stops.
GRACE = 7.0
DAY = 86_400.0

_LEVELS = {Fault.OURS: logging.ERROR, Fault.POLICY: logging.ERROR}


class Outbox:
    """The one sender of this daemon; ``rate`` in segments per second, ``per_day`` in segments (0: no limit).

    ``name`` stays the same over restarts: what it left in ``sending`` is looked up at once, what others left
    only when it is old. ``sleep`` is for tests.
    """

    def __init__(
        self,
        writer: Writer,
        provider: Provider,
        clock: Clock,
        rate: float,
        log: logging.Logger,
        *,
        per_day: int = 0,
        name: str | None = None,
        grace: float = GRACE,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
    ) -> None:
        self.line = Line(rate)
        self._writer, self._provider, self._clock, self._log = writer, provider, clock, log
        self._per_day, self._grace, self._sleep = per_day, grace, sleep
        self._name = (name or socket.gethostname())[:64]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._ending = Ending(asyncio.Event(), grace)
        self._rescan = Gate()
        self._doubts: list[Doubt] = []

    def nudge(self) -> None:
        """There may be work; from any thread, at any time."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the next start finds the work
                self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop``; what is in hand then is finished, or left to be looked up at the next start."""
        self._loop, self._ending = asyncio.get_running_loop(), Ending(stop, self._grace)
        try:
            await self._recover(self._name)
            while not stop.is_set():
                await self._turn()
        except (Stopping, StoreError):
            if not stop.is_set():
                raise
            self._log.warning("a text may have been left in hand; if so, it is looked up at the next start")

    async def _turn(self) -> None:
        now = self._clock()
        if not self._rescan.left(now):
            await self._recover(None)
        doubt = next((d for d in self._doubts if d.is_due(now)), None)
        if doubt is not None:
            await self._look_up(doubt)
        elif left := self.line.left(now):
            if self.line.trouble:
                await self._write(lambda conn: sweep(conn, now))
            await self._ending.rest(self._sleep(min(left, POLL)))
        else:
            await self._send_next(now)

    async def _recover(self, own: str | None) -> None:
        """Doubt every text that was left in ``sending``, unless it is in doubt here already."""
        now = self._clock()
        self._rescan.close(now, RESCAN)
        found = await self._write(lambda conn: messages.interrupted(conn, own, now - STALE))
        known = {doubt.message.id for doubt in self._doubts}
        self._doubts += [Doubt(message) for message in found if message.id not in known]

    async def _send_next(self, now: float) -> None:
        self._wake.clear()
        message = await self._write(lambda conn: self._claim(conn, now))
        if message is None:
            await self._ending.rest(self._sleep(POLL), self._wake)
            return
        self.line.spend(self._clock(), message.segments)
        try:
            accepted = await self._ask(self._provider.send(outcomes.outgoing(message)))
        except SendError as error:
            self._log.log(_LEVELS.get(error.kind, logging.WARNING), "%s: %s: %s", _who(message), error.kind, error)
            await self._failed(message, error)
        else:
            self._works()
            await self._adopt(message, accepted, self._clock())

    def _claim(self, conn: Connection, now: float) -> OutMessage | None:
        if self._ending.has_begun():
            return None  # nobody would send it
        if self._per_day and messages.segments_since(conn, now - DAY) >= self._per_day:
            sweep(conn, now)
            return None
        return messages.claim(conn, now, self._name)

    async def _failed(self, message: OutMessage, error: SendError) -> None:
        now = self._clock()
        if error.kind is Fault.UNKNOWN:
            self.line.rest(now, error)
            doubt = Doubt(message)
            doubt.look_later(now)
            self._doubts.append(doubt)
        elif error.kind in (Fault.NOT_PROCESSED, Fault.OURS):
            due_at = due_again(now, message.attempts, error, self.line.rest(now, error))
            await self._settle(message, outcomes.put_back(error, due_at))
        else:
            self._works()
            await self._write(lambda conn: self._refused(conn, message, error, now))

    def _refused(self, conn: Connection, message: OutMessage, error: SendError, now: float) -> None:
        messages.settle(conn, message.id, outcomes.refused(error, self._provider.name), message.attempts)
        if error.kind is Fault.OPTED_OUT:
            optouts.record(conn, message.to_number, now, self._provider.name)

    def _works(self) -> None:
        if self.line.works():
            self._log.info("texts can be sent again")

    async def _adopt(self, message: OutMessage, accepted: Accepted, sent_at: float) -> None:
        status = await self._settle(message, outcomes.accepted(accepted, self._provider.name, sent_at))
        level = logging.INFO if status is accepted.status else logging.ERROR
        self._log.log(level, "%s: %s (%s)", _who(message), status or "settled by another", accepted.provider_id)

    async def _look_up(self, doubt: Doubt) -> None:
        message, why = doubt.message, "the provider does not know of it"
        try:
            found = await self._ask(self._provider.find(outcomes.outgoing(message), message.claimed_at))
        except SendError as error:
            if doubt.look_later(self._clock()):
                return
            found, why = None, f"it could not be looked up: {error}"
        if found is not None:
            await self._adopt(message, found, message.claimed_at)
        else:
            self._log.error("%s: unknown: %s", _who(message), why)
            await self._settle(message, outcomes.unknown(why))
        self._doubts.remove(doubt)

    async def _settle(self, message: OutMessage, settled: Settled) -> Status | None:
        return await self._write(lambda conn: messages.settle(conn, message.id, settled, message.attempts))

    async def _write(self, job: Callable[[Connection], T]) -> T:
        return await self._ending.finish(self._writer.run(job))

    async def _ask(self, work: Awaitable[T]) -> T:
        """What the provider answers; raises nothing but SendError, even where its code is at fault."""
        try:
            return await self._ending.finish(work)
        except (SendError, Stopping):
            raise
        except Exception as error:
            raise SendError(f"a fault in our code ({type(error).__name__})", Fault.UNKNOWN) from error


def _who(message: OutMessage) -> str:
    return f"message {message.id}" + (f" of call {message.call_id}" if message.call_id else "")
