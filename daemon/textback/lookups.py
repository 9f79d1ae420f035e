"""Asks the provider what a caller's number is connected to, before a text to it is decided."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textback import numbers
from textback.clock import Clock
from textback.model import LineType
from textback.numbers import Masked, NumberKind
from textback.sms import Fault, Provider, SendError
from textback.sms.outage import Outage, asked, first_failure
from textback.store import line_types
from textback.store.writer import Writer
from textback.until import until

#: Seconds between two looks for callers on hold or just gone; they settle for some seconds more.
EVERY = 2.0
#: Numbers that are asked about at once.
AT_ONCE = 4
#: The first pause, in seconds, when the provider fails.
FIRST = 5.0
#: Callers that are looked at together.
SEEN = 200

#: Faults that say something of the number, and not of us or the provider.
_OF_THE_NUMBER = frozenset({Fault.PERMANENT, Fault.POLICY, Fault.LANDLINE, Fault.OPTED_OUT})


class Lookups:
    """Looks up at most ``per_minute`` numbers, however many call, since each answer costs; ``sleep`` is for tests.

    ``is_ours``: whether it is for this daemon to do, of several.
    """

    def __init__(
        self,
        writer: Writer,
        provider: Provider,
        clock: Clock,
        log: logging.Logger,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        per_minute: int = 60,
        is_ours: Callable[[], bool] = lambda: True,
    ) -> None:
        self._is_ours = is_ours
        self._writer, self._provider, self._clock, self._log, self._sleep = writer, provider, clock, log, sleep
        self._source = f"{provider.name} lookup"[:32]
        self._asked_at: deque[float] = deque(maxlen=per_minute)
        self._outage = Outage("numbers cannot be looked up", FIRST, clock, log)

    async def run(self, stop: asyncio.Event) -> None:
        """Look up until ``stop``; raises StoreError if the database gives up before."""
        await until(stop, self._for_ever())

    async def _for_ever(self) -> None:
        while True:
            await self._sleep(await self._round())

    async def _round(self) -> float:
        """Look up some numbers; returns the seconds until the next time."""
        batch = await self._next_batch()
        failure = await first_failure(map(self._look_up, batch))
        if failure is not None:
            return self._outage.pause(failure)
        if batch:
            self._outage.end()
        return 0.0 if len(batch) == AT_ONCE else EVERY

    async def _next_batch(self) -> list[str]:
        now = self._clock()
        room = min(self._room(now), AT_ONCE) if self._is_ours() else 0
        if not room:
            return []
        found = await self._writer.run(partial(line_types.unknown_callers, now=now, limit=SEEN))
        # What could not be texted anyhow is not worth a question.
        return [one for one in found if numbers.read(one, "US").kind is NumberKind.ORDINARY][:room]

    def _room(self, now: float) -> int:
        """How many numbers may be asked about now."""
        most = self._asked_at.maxlen or 0
        return most - sum(0 <= now - at < 60.0 for at in self._asked_at)

    async def _look_up(self, number: str) -> None:
        self._asked_at.append(self._clock())
        # That nobody can tell is remembered, too: the same question would cost again.
        kind, at = await self._ask(number) or LineType.OTHER, self._clock()
        await self._writer.run(lambda conn: line_types.record(conn, number, kind, at, self._source))

    async def _ask(self, number: str) -> LineType | None:
        try:
            return await asked(self._provider.line_type(number))
        except SendError as error:
            if error.kind not in _OF_THE_NUMBER:
                raise
            self._log.warning("what %s is connected to cannot be told: %s", Masked(number), error)
            return None
