"""What goes wrong and when: a plan made of a seed before anything begins, a fault a minute on every part."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from tests.faults.misdeeds import POSTS
from tests.faults.twilio import FaultyTwilio
from tests.soak.books import Books
from tests.soak.daemons import Runner
from tests.soak.store import Store
from tests.soak.switch import Switch
from textback.store.tables import calls

#: seconds: no daemon is further behind with what it writes, even on a machine that has too much to do
LAGGING = 30.0
#: of these there is no more in the second half of a long run, so that one life is long enough to see memory grow
DEADLY = ("kill -9", "SIGTERM")
LONG = 10.0

#: the ways of a provider, by what a strike is called
WAYS: dict[str, tuple[float, tuple[str, ...]]] = {
    "hangs": (1.0, ("hangs, not taken", "hangs, taken")),
    "500": (0.7, ("500, taken", "500, not taken")),
    "429": (0.9, ("429",)),
    "HTML": (0.7, ("502 in HTML, taken", "502 in HTML, not taken", "201 with HTML")),
    "resets": (0.7, ("drops, taken", "drops, not taken", "drops in mid-answer, taken")),
    "anything": (0.35, tuple(name for name in POSTS if name != "400 for the line")),
}


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault: ``at`` seconds after the beginning, on which part, for how many seconds; ``chance`` picks the victim."""

    at: float
    part: str
    name: str
    seconds: float
    chance: float


#: the faults of each part, with the seconds that they last
PARTS: dict[str, dict[str, tuple[float, float]]] = {
    "pbx": {
        "crash": (2, 8), "shutdown": (2, 8), "garbage": (1, 1), "no answers": (4, 12),
    },
    "network": {
        "cut": (0, 0), "half-open": (26, 32), "stall": (2, 6), "slow": (3, 8),
    },
    "database": {
        "cut": (0, 0), "gone": (3, 12), "hang": (3, 12), "slow": (5, 10), "stopped": (1, 8), "killed": (1, 6),
        "locked": (3, 10), "read_only": (2, 8), "full": (2, 8),
    },
    "provider": dict.fromkeys(WAYS, (4, 12)),
    "daemon": {"kill -9": (0.2, 3), "SIGTERM": (0.2, 3), "freeze": (2, 8), "SIGHUP": (0, 0)},
}  # fmt: skip


def plan(minutes: float, seed: int, daemons: int = 1) -> list[Strike]:
    """Every strike of a run, in order; in each minute one on every part, none in the last quarter of a minute."""
    chance, found = random.Random(seed), []
    decks: dict[str, list[str]] = {part: [] for part in PARTS}
    for minute in range(max(1, round(minutes))):
        room = min(1.0, minutes - minute)
        for part, faults in PARTS.items():
            calm = minutes > LONG and minute >= minutes / 2 and daemons == 1
            if not decks[part]:  # all kinds once before any comes again
                decks[part] = chance.sample(sorted(faults), len(faults))
            name = decks[part].pop()
            if calm and name in DEADLY:
                name = "freeze"
            seconds = chance.uniform(*faults[name])
            found.append(Strike(60 * (minute + chance.uniform(0.05, 0.7) * room), part, name, seconds, chance.random()))
    return sorted(found, key=lambda strike: strike.at)


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
            done = await getattr(self, f"_{strike.part}")(strike)
        finally:
            self.active.discard(name)
            self.calm_since = time.monotonic()
        if done is not False:
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
            wire.flow()

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

    async def _provider(self, strike: Strike) -> None:
        sins, ways = WAYS[strike.name]
        self.provider.misbehave(sins, ways)
        await asyncio.sleep(strike.seconds)
        self.provider.heal()

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


def _pick(among: list, strike: Strike):  # type: ignore[no-untyped-def,type-arg]
    return among[int(strike.chance * len(among))]


