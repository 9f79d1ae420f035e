"""One soak from its beginning to its end: builds the world, lets it rage, lets it calm down, and audits it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.twilio import FaultyTwilio
from tests.soak.auditor import Auditor
from tests.soak.books import Books
from tests.soak.daemons import Runner
from tests.soak.dialplan import Dialplan
from tests.soak.figures import Figures, Lag
from tests.soak.kinds import LEAST, SETTLE
from tests.soak.load import Load
from tests.soak.posts import Posts
from tests.soak.staff import CallCentre, Desk
from tests.soak.store import Store
from tests.soak.plan import Strike, plan
from tests.soak.strikes import Striker
from tests.soak.switch import Switch
from tests.web.browser import HASH
from textback.model import Flow, Role
from textback.store import accounts, webhook_tokens

#: seconds: the practice's max_age, and what a daemon waits for its provider
MAX_AGE, TIMEOUT = 90.0, 2.0
#: seconds of real time: until all links are up at the start; until everything is settled at the end
START, CALM = 60.0, 300.0
PRACTICE = {
    "guards__settle": SETTLE,
    "guards__cooldown": "4h",
    "guards__max_age": MAX_AGE,
    "abandoned__min_hold": LEAST,
    "missed__min_ring": LEAST,
    "call_to_text__after": "3s",
    "call_to_text__after_text": "stay",
}


@dataclass
class Soak:
    """``strikes`` None: a plan made of the seed; ``program``: what Python runs as the daemon.

    ``calm``: the seconds that the daemon has at the end to settle everything.
    """

    folder: Path
    minutes: float = 2.0
    rate: float = 50.0
    seed: int = 1
    daemons: int = 1
    strikes: list[Strike] | None = None
    program: str = "textback"
    calm: float = CALM
    say: Callable[[str], None] = lambda line: None

    async def run(self) -> Figures:
        """The whole of it."""
        self.books = Books()
        self.lag = Lag(self.books.late.add)
        async with self._world():
            began = time.monotonic()
            await self._rage()
            await self._calm_down()
            await self.auditor.close()
            self.books.faults += [fault for switch in self.switches for fault in switch.trouble]
            self._read_logs()
            return Figures.of(self, time.monotonic() - began)

    @asynccontextmanager
    async def _world(self) -> AsyncIterator[None]:
        self.store = Store(PRACTICE)
        self.provider = FaultyTwilio(self.seed, timeout=TIMEOUT, lag=0.3)
        self.posts = Posts(self.books, lambda: [each.post_port for each in self.runners], self.seed)
        self.dialplan = Dialplan(
            self.books, self.posts, lambda: [each.agi_port for each in self.runners], lambda: self.striker.is_calm
        )
        arrived, ask = self.books.arrived, self.dialplan.ask
        self.switches = [Switch(name, self.folder, ask, arrived, name == "main") for name in ("main", "branch")]
        self.runners = [Runner(f"d{n}", self.folder, self.switches, self.program) for n in range(self.daemons)]
        self.desk = Desk(self.books, lambda: [each.web_port for each in self.runners], self.seed)
        self.load = Load(self.switches, self.posts, self.rate, self.seed)
        self.auditor = Auditor(self.books, self.store, self.provider, self.runners, MAX_AGE)
        self.striker = Striker(self.books, self.switches, self.runners, self.store, self.provider)
        self.provider.callbacks = self.posts  # type: ignore[assignment]
        try:
            await self._begin()
            yield
        finally:
            await self._end()

    async def _begin(self) -> None:
        await self.store.start()
        self.token = webhook_tokens.new_token()
        await self.store.ask(self._employ)
        self.provider.__enter__()
        for switch in self.switches:
            await switch.start()
        for runner in self.runners:
            await runner.prepare(self.store.url, self.provider.url, TIMEOUT)
            runner.start()
        assert await _until(self._all_up, START), "the daemons do not follow the PBXes"

    def _employ(self, conn: object) -> None:
        mine = {"full_name": "Kim Park", "role": Role.STAFF, "practices_of_theirs": ["Riverside"]}
        accounts.add(conn, "kim", password_hash=HASH, by="soak", now=time.time(), **mine)  # type: ignore[arg-type]
        told = {"practice": "Riverside", "flow": Flow.ABANDONED, "by": "soak", "now": time.time()}
        webhook_tokens.create(conn, self.token, **told)  # type: ignore[arg-type]

    async def _end(self) -> None:
        for work in (self.posts.close, self.desk.close, *(runner.close for runner in self.runners)):
            await work()
        for switch in self.switches:
            await switch.stop()
        self.provider.__exit__()
        await self.store.remove()

    def _all_up(self) -> bool:
        return all(sight.is_up for runner in self.runners for sight in runner.sights.values())

    async def _rage(self) -> None:
        seconds = 60 * self.minutes
        strikes = plan(self.minutes, self.seed, self.daemons) if self.strikes is None else self.strikes
        centre = CallCentre(self.books, lambda: [each.post_port for each in self.runners], self.token)
        beside = [self.desk.work(4.0), centre.work(2.0), self.lag.watch(), self._watch()]
        tasks = [asyncio.create_task(work) for work in beside]
        try:
            await asyncio.gather(self.load.run(seconds), self.striker.run(strikes))
        finally:
            for task in tasks:
                task.cancel()
            for one in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(one, Exception):
                    raise one

    async def _watch(self) -> None:
        """Every few seconds: what processes use, what is in the logs, and whether all is well in the database."""
        turn = told = 0
        while True:
            await asyncio.sleep(2.5)
            turn += 1
            self._look_at_processes()
            if turn % 2 == 0:
                await self.auditor.look()
            for fault in self.books.faults[told:]:  # now: what went on is still in the logs, and may be looked at
                self.say(f"WRONG: {fault}")
            told = len(self.books.faults)
            if turn % 24 == 0:
                self.say(self.progress())

    def _look_at_processes(self) -> None:
        for runner in self.runners:
            runner.sample()
            if runner.has_ended:
                # It does not begin without a database; whoever looks after it (systemd, say) starts it again.
                if not self.books.database_away.touches(runner.lives[-1].began, time.time()):
                    self.books.faults.append(f"{runner.name} ended by itself")
                runner.start()
        self._read_logs()

    def _read_logs(self) -> None:
        for runner in self.runners:
            self.books.faults += [f"{runner.name} said: {lines}" for lines in runner.said()]

    async def _calm_down(self) -> None:
        """Everybody behaves, the last callers hang up, and what is left is done."""
        self.provider.heal()
        await _until(lambda: not any(switch.on_the_line for switch in self.switches), 120.0)
        await _until(lambda: not self.posts.waiting, 120.0)
        deadline, quiet = time.monotonic() + self.calm, 0
        while quiet < 2 and time.monotonic() < deadline:
            await asyncio.sleep(2.5)
            self._look_at_processes()
            await self.auditor.look()
            waiting = await self.auditor.waiting()
            quiet = 0 if waiting else quiet + 1
            self.say(f"{waiting} calls and texts are to be settled yet")

    def progress(self) -> str:
        """One line for people who watch."""
        books, waiting = self.books, sum(switch.on_the_line for switch in self.switches)
        return (
            f"{self.load.begun} callers, {waiting} on the line, {self.auditor.audited} audited, "
            f"{len(self.provider.taken)} texts, {sum(self.striker.done.values())} faults struck, "
            f"{len(books.faults)} things wrong; late by {self.lag.recent() * 1e3:.0f} ms"
        )


async def _until(ask: Callable[[], bool], seconds: float) -> bool:
    """Whether it is so in time."""
    deadline = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)  # what others do can only be asked
    return True
