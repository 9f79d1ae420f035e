"""A busy call centre in real time: how long a fact takes to be durable, ``python -m tests.benchmarks.waiting``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import tempfile
import time
import tracemalloc
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tests.benchmarks.reader import NO_BUDGET, translator
from tests.practices import document, practice
from textback.book import PracticeBook
from textback.demo.load import load
from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.events import CallerArrived, Fact, HoldStarted, LinkSynced, Place
from textback.intake import Intake
from textback.pbx.ami_reader import Reader
from textback.store import calls, migrations, practices
from textback.store.engine import open_engine
from textback.store.writer import Writer
from textback.tracker import Tracker


class TimedIntake(Intake):
    """Notes for each fact how long it took from the reader until its batch was committed."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.taken: list[float] = []
        self._put_at: deque[float] = deque()

    def put(self, fact: Fact) -> None:
        self._put_at.append(time.perf_counter())
        super().put(fact)

    def _done(self, batch: Future[Any]) -> None:
        now = time.perf_counter()
        committed = len(self._put_at) - len(self)
        self.taken += [now - self._put_at.popleft() for _ in range(committed)]
        super()._done(batch)


async def measure(rate: float, wait: float, seconds: float, path: Path) -> None:
    """Callers arrive ``rate`` a second and each waits ``wait`` seconds: so many wait at once."""
    engine = open_engine(f"sqlite:///{path}")
    migrations.upgrade(engine)
    with engine.begin() as connection:
        practices.put(connection, practice().name, document(**NO_BUDGET), "benchmark", 0.0)
    writer = Writer(engine, logging.getLogger("benchmark"))
    writer.start()
    faults: list[BaseException] = []
    tracker = Tracker(["main"], PracticeBook())
    intake = TimedIntake(tracker, writer, time.time, lambda _: None, lambda _: None, faults.append)
    reader = Reader(translator(), intake.put)
    intake.put(LinkSynced("", time.time(), "main"))
    simulator = Simulator(agents=())
    simulator.stage.board.listeners.append(lambda privilege, block: reader.feed(block, time.time()))
    cpu = time.process_time()
    began = time.perf_counter()
    await load(simulator.stage, rate, int(rate * seconds), (waits_and_gives_up(wait, ringing=False),))
    reader.settle()
    await intake.drained()
    used, lasted = time.process_time() - cpu, time.perf_counter() - began
    writer.stop()
    with engine.begin() as connection:
        rows = calls.listing(connection, limit=0)
    engine.dispose()
    assert not faults and len(rows) == int(rate * seconds), (faults, len(rows))
    report(intake.taken, rate, wait, used, lasted)


def report(taken: list[float], rate: float, wait: float, used: float, lasted: float) -> None:
    ordered = sorted(taken)
    p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    print(f"{rate:.0f} arrivals/s, {rate * wait:.0f} waiting at once, {len(taken)} facts in {lasted:.0f} s")
    print(f"fact read to committed: p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms, most {ordered[-1] * 1e3:.1f} ms")
    print(f"CPU: {used / lasted:.0%} of a core, the simulated PBX included")


def memory_of_calls(count: int) -> None:
    """What an open call costs in memory, beyond the base."""
    engine = open_engine("sqlite://")
    migrations.upgrade(engine)
    tracker = Tracker(["main"], PracticeBook())
    with engine.begin() as connection:
        practices.put(connection, practice().name, document(**NO_BUDGET), "benchmark", 0.0)
    _open(engine, tracker, 0, 100)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    _open(engine, tracker, 100, count)
    _open(engine, tracker, count, count + 1)  # forgets what the batch before it could be undone with
    tracker_only = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    engine.dispose()
    print(f"{count} open calls: {tracker_only / (count - 100):.0f} bytes each, a SQLite in memory not counted")


def _open(engine: Any, tracker: Tracker, first: int, last: int) -> None:
    facts: list[Fact] = []
    for number in range(first, last):
        call_id = f"main/1800000000.{number}"
        arrived = CallerArrived(call_id, float(number), "main", call_id[5:], f"1202{number:07d}", "Doe", "12025550199")
        facts += [arrived, HoldStarted(call_id, float(number), Place.QUEUE, float(number), "support")]
    with engine.begin() as connection:
        tracker.batch(facts)(connection)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rate", type=float, default=100.0, help="arrivals a second")
    options.add_argument("--wait", type=float, default=10.0, help="seconds that each caller waits")
    options.add_argument("--seconds", type=float, default=30.0, help="for how long callers arrive")
    chosen = options.parse_args()
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(chosen.rate, chosen.wait, chosen.seconds, Path(folder) / "textback.db"))
    memory_of_calls(10_000)


if __name__ == "__main__":
    main()
