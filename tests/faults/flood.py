"""Callers with made-up numbers, one after the other, for a minute: ``python -m tests.faults.flood --calls 10000``."""

from __future__ import annotations

import argparse
import gc
import resource
import tempfile
import time
import tracemalloc
from collections import Counter, deque
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from tests.faults.queue import fill
from tests.practices import document, practice
from textback.book import PracticeBook
from textback.events import CallerArrived, CallerLeft, Fact, HoldStarted, LinkSynced, Place
from textback.store import claims, migrations, practices
from textback.store.engine import open_engine, reading
from textback.store.tables import calls, messages
from textback.tracker import Tracker

T0 = 1_800_014_400.0
#: seconds: how long numbers come in, less than the window of the budgets; how long each of them holds; one batch
LASTS, HOLD, TICK = 58.0, 10.0, 0.25
TICKS = int((LASTS + HOLD + 20.0) / TICK)
#: how often memory and time are looked at
PARTS = 8
FIRST = 12022000000


class Flood:
    """A tracker and a database, and ``count`` callers whose numbers are ``stride`` apart; time is moved."""

    def __init__(self, folder: Path, count: int, stride: int = 1) -> None:
        self.engine: Engine = open_engine(f"sqlite:///{folder / 'textback.db'}")
        #: bytes in use, and seconds taken, after each of the parts
        self.memory: list[int] = []
        self.seconds: list[float] = []
        self.staff_text = ""
        self._count, self._stride = count, stride
        migrations.upgrade(self.engine)
        with self.engine.begin() as connection:
            practices.put(connection, practice().name, document(), "test", T0)
        self._tracker = Tracker(["main"], PracticeBook())

    def run(self, traced: bool = True) -> Flood:
        """The whole minute, and until the last call is judged; somebody of the staff writes in the middle of it.

        ``traced``: count every byte that Python has in use, which is slow; else the memory of the process.
        """
        self._tell([LinkSynced("", T0, "main")], T0)
        pending = deque(sorted(self._facts(), key=lambda fact: fact.at))
        if traced:
            tracemalloc.start()
        began = time.perf_counter()
        for tick in range(1, TICKS + 1):
            now = T0 + tick * TICK
            due = [pending.popleft() for _ in range(sum(1 for _ in takewhile(lambda fact: fact.at < now, pending)))]
            self._tell(due, now)
            if tick == TICKS // 2:
                (self.staff_text,) = fill(self.engine, 1, now)
            if tick * PARTS // TICKS != (tick - 1) * PARTS // TICKS:
                gc.collect()
                self.memory.append(tracemalloc.get_traced_memory()[0] if traced else _resident())
                self.seconds.append(time.perf_counter() - began)
        tracemalloc.stop()
        return self

    def _facts(self) -> Iterator[Fact]:
        for number in range(self._count):
            call, at = f"main/1800000000.{number}", T0 + 0.1 + LASTS * number / self._count
            yield CallerArrived(call, at, "main", call[5:], str(FIRST + number * self._stride), "", "12025550100")
            yield HoldStarted(call, at, Place.QUEUE, at, "support")
            yield CallerLeft(call, at + HOLD)

    def _tell(self, facts: list[Fact], now: float) -> None:
        with self.engine.begin() as connection:
            self._tracker.batch(facts, now)(connection)

    @property
    def verdicts(self) -> Counter[tuple[str, str]]:
        """How many calls have each verdict and reason."""
        with reading(self.engine) as connection:
            query = select(calls.c.verdict, calls.c.reason, func.count()).group_by("verdict", "reason")
            rows = connection.execute(query)
            return Counter({(verdict, reason): count for verdict, reason, count in rows})

    @property
    def states(self) -> Counter[str]:
        """How many texts of calls are in each state."""
        with reading(self.engine) as connection:
            query = select(messages.c.status).where(messages.c.call_id.is_not(None))
            return Counter(connection.execute(query).scalars())

    def claim(self) -> Any:
        """What a sender takes next."""
        with self.engine.begin() as connection:
            return claims.claim(connection, T0 + 120.0, "sender", "token")


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=10_000)
    options.add_argument("--stride", type=int, default=1, help="how far the numbers are apart")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        flood = Flood(Path(folder), chosen.calls, chosen.stride).run(traced=False)
        for (verdict, reason), count in sorted(flood.verdicts.items()):
            print(f"{count:7} {verdict} ({reason})")
        print("texts:", ", ".join(f"{count} {state}" for state, count in sorted(flood.states.items())))
        print("next to be sent:", "the staff's" if flood.claim().id == flood.staff_text else "another")
    print("seconds of work until each part of the time:", " ".join(f"{spent:.1f}" for spent in flood.seconds))
    print("memory in use then, in MB:", " ".join(f"{used / 1e6:.1f}" for used in flood.memory))


if __name__ == "__main__":
    main()
