"""How fast ESL events are read and kept, beside greenswitch: ``python -m tests.benchmarks.esl_reader``."""

from __future__ import annotations

import argparse
import asyncio
import io
import logging
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from greenswitch.esl import InboundESL
from sqlalchemy import func, select

from tests.benchmarks import esl_stream as stream
from tests.benchmarks.reader import NO_BUDGET
from tests.benchmarks.table import Row, in_turns, show, speeds
from tests.practices import document, practice
from textback.book import PracticeBook
from textback.events import LinkSynced
from textback.intake import Intake
from textback.pbx.esl_facts import Translator
from textback.pbx.esl_reader import Reader
from textback.store import migrations, practices
from textback.store.engine import open_engine
from textback.store.tables import calls
from textback.store.writer import Writer
from textback.tracker import Tracker


def translator() -> Translator:
    return Translator("main", ["sofia/lab/*", "sofia/trunk/*"], ["public"])


class Dispatched:
    """Where greenswitch puts its events: they are handed to their callback at once, as its own loop would do."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self.count = 0

    def put(self, event: Any) -> None:
        self.count += 1
        for handle in self._protocol.event_handlers.get("*", ()):
            handle(event)


def run_greenswitch(rounds: Iterable[bytes]) -> None:
    """greenswitch as it comes, with a callback for every event that does nothing; no socket, no second greenlet."""
    protocol = InboundESL("127.0.0.1", 8021, "")
    protocol.register_handle("*", lambda event: None)
    dispatched = protocol._esl_event_queue = Dispatched(protocol)
    for fresh in rounds:
        protocol.sock, protocol.sock_file = io.BytesIO(), io.BytesIO(fresh)
        protocol._run = protocol.connected = True
        protocol.receive_events()
    assert dispatched.count


def run_reader(rounds: Iterable[bytes]) -> None:
    """Our reader alone: bytes to facts."""
    reader = Reader(translator(), lambda fact: None)
    for number, fresh in enumerate(rounds):
        for piece, at in stream.pieces(fresh, number):
            reader.feed(piece, at)
    assert reader.events and not reader.faults


def run_daemon(rounds: Iterable[bytes]) -> None:
    """The whole way from bytes to calls and texts in a SQLite file, with synchronous=FULL."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_daemon(rounds, Path(folder) / "textback.db"))


async def _daemon(rounds: Iterable[bytes], path: Path) -> None:
    engine = open_engine(f"sqlite:///{path}")
    migrations.upgrade(engine)
    with engine.begin() as connection:
        practices.put(connection, practice().name, document(**NO_BUDGET), "benchmark", 0.0)
    writer = Writer(engine, logging.getLogger("benchmark"))
    writer.start()
    now = [0.0]
    faults: list[BaseException] = []
    quiet = logging.getLogger("quiet")
    quiet.setLevel(logging.ERROR)
    tracker = Tracker(["main"], PracticeBook())
    intake = Intake(tracker, writer, lambda: now[0], _ignore, _ignore, faults.append, quiet, limit=10**9)
    reader = Reader(translator(), intake.put)
    intake.put(LinkSynced("", 0.0, "main"))
    for number, fresh in enumerate(rounds):
        for piece, at in stream.pieces(fresh, number):
            now[0] = at
            reader.feed(piece, at)
            await asyncio.sleep(0)
        await intake.drained()
    reader.settle(now[0] + 60)
    now[0] += 3600
    intake.pass_time()
    await intake.drained()
    writer.stop()
    with engine.begin() as connection:
        kept, judged = connection.execute(select(func.count(), func.count(calls.c.verdict)).select_from(calls)).one()
    engine.dispose()
    assert not faults and 0 < kept == judged, (faults, kept, judged)


def _ignore(_: object) -> None:
    return None


def events_in(data: bytes) -> int:
    return len(stream.bodies(data))


def memory() -> float:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=6, help="how often the recording is read")
    options.add_argument("--tries", type=int, default=3, help="the best of so many is taken")
    options.add_argument("--stream", choices=sorted(stream.STREAMS), help="only this one")
    options.add_argument("--memory", action="store_true", help="200,000 events, and the memory they take")
    chosen = options.parse_args()
    logging.disable(logging.ERROR)
    if chosen.memory:
        show_memory(stream.STREAMS[chosen.stream or "waiting"]())
    else:
        names = [chosen.stream] if chosen.stream else sorted(stream.STREAMS, reverse=True)
        rows = [row for name in names for row in compared(name, chosen.rounds, chosen.tries)]
        show("bytes read", "times greenswitch's speed", "greenswitch", rows)


def compared(name: str, count: int, tries: int) -> Iterator[Row]:
    """Beside greenswitch, by the CPU seconds of each."""
    data = stream.STREAMS[name]()
    rounds = list(stream.rounds(data, count))
    runs = {"greenswitch": run_greenswitch, "to facts": run_reader, "to calls and texts": run_daemon}
    found = in_turns({title: partial(timed, run, rounds) for title, run in runs.items()}, tries)
    seconds = {title: [cpu for cpu, _ in times] for title, times in found.items()}
    return speeds(f"`{name}`", seconds, events_in(data) * count)


def timed(run: Callable[[Iterable[bytes]], None], rounds: Iterable[bytes]) -> tuple[float, float]:
    """CPU and wall seconds of a run."""
    cpu, wall = time.process_time(), time.perf_counter()
    run(rounds)
    return time.process_time() - cpu, time.perf_counter() - wall


def show_memory(data: bytes) -> None:
    """The most memory after two rounds, and after 200,000 events; making the stream is in the time."""
    count = -(-200_000 // events_in(data))
    run_daemon(stream.rounds(data, 2))
    before = memory()
    cpu, wall = timed(run_daemon, stream.rounds(data, count))
    events = events_in(data) * count
    print(f"{events} events in {wall:.0f} s, CPU {cpu:.0f} s: {before:.0f} MB before, {memory():.0f} MB at most")


if __name__ == "__main__":
    main()
