"""Carries out a plan of what goes wrong, and keeps the books of it."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from tests.faults.twilio import FaultyTwilio
from tests.soak.books import Books
from tests.soak.daemons import Runner
from tests.soak.plan import WAYS, Strike
from tests.soak.store import Store
from tests.soak.switch import Switch
from textback.store.tables import calls

T = TypeVar("T")

#: seconds: no daemon is further behind with what it writes, even on a machine that has too much to do
LAGGING = 30.0


@dataclass
class Striker:
    """Carries out a plan. ``active``: what is broken now."""

    books: Books
    switches: list[Switch]
    runners: list[Runner]
    store: Store
    provider: FaultyTwilio
    done: Counter[str] = field(default_factory=Counter)
    active: set[str] = field(default_factory=set)
    calm_since: float = 0.0
    #: by how many seconds what was written was behind what had happened, when a daemon died
    behind: list[float] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _database_lost: float | None = None

    async def run(self, strikes: list[Strike]) -> None:
        """All of them, each at its time; returns when the last one is over."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for strike in strikes:
                await asyncio.sleep(max(0.0, began + strike.at - time.monotonic()))
                group.create_task(self._strike(strike))

    @property
    def is_calm(self) -> bool:
        """Whether nothing is broken, and nothing was for a while."""
        return not self.active and time.monotonic() - self.calm_since > 5.0

    async def durable_until(self) -> float:
        """Until when everything that a daemon had read is written, now that it is dead: found in the database."""
        now = min(time.time(), self._database_lost or time.time())
        recent = [visit for visit in self.books.open.values() if visit.marks[0] > now - LAGGING]
        try:
            written = await self.store.ask(partial(_written, ids=[visit.id for visit in recent]))
        except SQLAlchemyError:
            return now - LAGGING
        arrived = [visit.marks[0] for visit in recent if visit.id in written]
        until = max(arrived, default=now - LAGGING) if recent else now
        self.behind.append(now - until)
        return until

    async def _strike(self, strike: Strike) -> None:
        name = f"{strike.part}: {strike.name}"
        if name in self.active:
            return
        self.active.add(name)
        began = time.time()
        try:
            is_done = await getattr(self, f"_{strike.part}")(strike)
        finally:
            self.active.discard(name)
            self.calm_since = time.monotonic()
        if is_done:
            self.done[name] += 1
            self.books.outages.add(began, time.time())

    async def _pbx(self, strike: Strike) -> bool:
        switch = _pick(self.switches, strike)
        if not switch.is_on:
            return False
        if strike.name == "garbage":
            await switch.talk_nonsense(random.Random(strike.chance))
        elif strike.name == "no answers":
            await self._deaf(switch, strike.seconds)
        else:
            await (switch.crash() if strike.name == "crash" else switch.shut_down())
            await asyncio.sleep(strike.seconds)
            await switch.start()
        return True

    async def _deaf(self, switch: Switch, seconds: float) -> None:
        """It does not read what it is told: events come, answers do not."""
        wires = [runner.wires[switch.name] for runner in self.runners]
        for wire in wires:
            wire.stall(to_client=False)
        await asyncio.sleep(seconds)
        for wire in wires:
            wire.flow(to_client=False)

    async def _network(self, strike: Strike) -> bool:
        runner = _pick(self.runners, strike)
        switch = _pick(self.switches, strike)
        wire, sight = runner.wires[switch.name], runner.sights[switch.name]
        if strike.name == "cut":
            wire.cut()
        elif strike.name == "slow":
            wire.delay = 0.3
            self.books.late.open(time.time())
            await asyncio.sleep(strike.seconds)
            wire.delay = 0.0
            self.books.late.close(time.time() + 2.0)
        else:
            wire.stall()
            sight.goes_dead()
            await asyncio.sleep(strike.seconds)
            sight.lives_again(self.books.late)
            wire.flow()
        return True

    async def _database(self, strike: Strike) -> bool:
        if self._database_lost is not None:
            return False
        self._database_lost = time.time()
        self.books.database_away.open(self._database_lost)
        try:
            await getattr(self.store, strike.name)(strike.seconds)
            await asyncio.sleep(6.0)  # until the longest pause of a writer that tries again is over
        finally:
            self._database_lost = None
            self.books.database_away.close(time.time())
        return True

    async def _provider(self, strike: Strike) -> bool:
        sins, ways = WAYS[strike.name]
        self.provider.misbehave(sins, ways)
        await asyncio.sleep(strike.seconds)
        self.provider.heal()
        return True

    async def _daemon(self, strike: Strike) -> bool:
        runner = _pick(self.runners, strike)
        if not runner.is_on or f"frozen {runner.name}" in self.active:
            return False
        if strike.name == "SIGHUP":
            return self._hang_up(runner)
        if strike.name == "freeze":
            await self._freeze(runner, strike.seconds)
            return True
        if strike.name == "kill -9":
            await runner.kill(self.durable_until)
        elif (status := await runner.stop(self.durable_until)) != 0:
            self.books.faults.append(f"{runner.name} ended with status {status} when it was told to stop")
        await asyncio.sleep(strike.seconds)
        runner.start()
        return True

    def _hang_up(self, runner: Runner) -> bool:
        if not runner.catches(signal.SIGHUP):
            return False  # this version has no way with it, and would end
        runner.hang_up()
        return True

    async def _freeze(self, runner: Runner, seconds: float) -> None:
        self.active.add(f"frozen {runner.name}")
        self.books.late.open(time.time())
        runner.freeze()
        try:
            await asyncio.sleep(seconds)
        finally:
            with suppress(ProcessLookupError):
                runner.thaw()
            self.active.discard(f"frozen {runner.name}")
            self.books.late.close(time.time() + 3.0)


def _written(conn: Connection, ids: list[str]) -> set[str]:
    return set(conn.execute(select(calls.c.id).where(calls.c.id.in_(ids))).scalars())


def _pick(among: Sequence[T], strike: Strike) -> T:
    return among[int(strike.chance * len(among))]
