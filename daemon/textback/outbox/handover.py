"""What happens to a claimed text: it is handed over at most once, and what came of that is written down."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeVar

from sqlalchemy import Connection

from textback.clock import Clock
from textback.measures import Tally
from textback.model import LineType, Status
from textback.outbox import outcomes
from textback.outbox.ending import Ending, Stopping
from textback.outbox.pacing import Line, Numbers, due_again
from textback.sms import Accepted, Fault, Provider, SendError
from textback.store import claims, line_types, optouts
from textback.store.claims import OutMessage, Settled
from textback.store.sweep import Stopped
from textback.store.writer import Writer

T = TypeVar("T")

#: Seconds that a database which does not take what is written has to take it once the daemon ends.
LAST_TRY = 1.0

_LEVELS = {Fault.OURS: logging.ERROR, Fault.SENDER: logging.ERROR, Fault.POLICY: logging.ERROR}


class Handover:
    """The way of claimed texts to the provider, for several at once; ``texts`` counts what became of them.

    ``fresh``: seconds after its claim in which a text may be handed over. ``on_doubt`` hears of each text of which it
    is not known whether the provider has it. ``ending`` says how long anything is waited for.
    """

    def __init__(
        self,
        writer: Writer,
        provider: Provider,
        clock: Clock,
        log: logging.Logger,
        texts: Tally,
        fresh: float,
        line: Line,
        numbers: Numbers,
        on_doubt: Callable[[OutMessage], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ending = Ending(asyncio.Event(), 0.0)
        #: when something was last done (monotonic seconds); None: nothing is being done
        self.turned_at: float | None = None
        self._writer, self._provider, self._clock, self._log = writer, provider, clock, log
        self._texts, self._fresh, self._line, self._numbers = texts, fresh, line, numbers
        self._on_doubt, self._monotonic = on_doubt, monotonic
        self._writing = 0

    def still_for(self, now: float) -> float:
        """Seconds at ``now`` (monotonic) for which nothing was done, beyond what the provider may take.

        While something waits for the database, it is the writer who must turn.
        """
        if self.turned_at is None or self._writing:
            return 0.0
        return max(now - self.turned_at - self._fresh, 0.0)

    def turn(self) -> None:
        """Something is done now."""
        self.turned_at = self._monotonic()

    def is_fresh(self, message: OutMessage) -> bool:
        """Whether it was claimed just now; else we were frozen, and may have been taken for gone."""
        return self._clock() - message.claimed_at <= self._fresh

    async def send(self, message: OutMessage) -> None:
        """Hand it over, and settle it."""
        try:
            accepted = await self.ask(self._provider.send(outcomes.outgoing(message)))
        except SendError as error:
            self._log.log(_LEVELS.get(error.kind, logging.WARNING), "%s: %s: %s", who(message), error.kind, error)
            await self._failed(message, error)
        else:
            self._works(message)
            await self.adopt(message, accepted, self._clock())

    async def adopt(self, message: OutMessage, accepted: Accepted, sent_at: float) -> None:
        """The provider has it since ``sent_at`` (epoch seconds)."""
        status = await self.settle(message, outcomes.accepted(accepted, self._provider.name, sent_at))
        level = logging.INFO if status in (Status.SENT, Status.DELIVERED) else logging.ERROR
        self._log.log(level, "%s: %s (%s)", who(message), status or "settled by another", accepted.provider_id)

    async def settle(self, message: OutMessage, settled: Settled) -> Status | None:
        """Write what became of it; gives the status that it has, None if it was not ours any more."""
        status = await self.write(lambda conn: claims.settle(conn, message.id, settled, message.attempts))
        if status is not None and status is not Status.QUEUED:
            self._texts.add(status)
        return status

    async def write(self, job: Callable[[Connection], T]) -> T:
        """The result of a job of the writer; raises Stopping if there is none in time."""
        self._writing += 1
        try:
            return await self.ending.finish(self._writer.run(job), self._patience)
        finally:
            self._writing -= 1
            self.turn()

    def _patience(self) -> float:
        """Seconds for which a job may take its time once the daemon ends: hardly any if the database is gone."""
        return inf if self._writer.failing_since is None else LAST_TRY

    async def ask(self, work: Awaitable[T]) -> T:
        """What the provider answers; raises nothing but SendError, even where its code is at fault, and Stopping."""
        try:
            return await self.ending.finish(work)
        except (SendError, Stopping):
            raise
        except Exception as error:
            raise SendError(f"a fault in our code ({type(error).__name__})", Fault.UNKNOWN) from error

    async def _failed(self, message: OutMessage, error: SendError) -> None:
        now = self._clock()
        if error.kind is Fault.UNKNOWN:
            self._line.rest(now, error, message.claimed_at)
            self._on_doubt(message)
        elif error.kind in (Fault.NOT_PROCESSED, Fault.OURS):
            due_at = due_again(now, message.attempts, error, self._line.rest(now, error, message.claimed_at))
            await self.settle(message, outcomes.put_back(error, due_at))
        elif error.kind is Fault.SENDER:
            pause = self._numbers.rest(now, message.from_number, error, message.claimed_at)
            await self.settle(message, outcomes.put_back(error, due_again(now, message.attempts, error, pause)))
        else:
            self._works(message)
            await self.write(lambda conn: self._refused(conn, message, error, now))
            self._texts.add(Status.FAILED)

    def _refused(self, conn: Connection, message: OutMessage, error: SendError, now: float) -> None:
        claims.settle(conn, message.id, outcomes.refused(error, self._provider.name), message.attempts)
        if error.kind is Fault.OPTED_OUT:
            optouts.opt_out(conn, message.to_number, now, self._provider.name)
        elif error.kind is Fault.LANDLINE:
            line_types.record(conn, message.to_number, LineType.LANDLINE, now, self._provider.name)

    def _works(self, message: OutMessage) -> None:
        if self._numbers.works(message.from_number) | self._line.works():
            self._log.info("texts can be sent again")


def who(message: OutMessage | Stopped) -> str:
    """A text as the log calls it."""
    return f"message {message.id}" + (f" of call {message.call_id}" if message.call_id else "")
