"""How fast events are read and kept, beside panoramisk's bare dispatch: ``python -m tests.benchmarks.reader``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from sqlalchemy import func, select

from tests.benchmarks import stream
from tests.benchmarks.table import Row, in_turns, show, speeds
from tests.practices import document, practice
from textback.book import PracticeBook
from textback.events import LinkSynced
from textback.intake import Intake
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_reader import Reader
from textback.store import migrations, practices
from textback.store.engine import open_engine
from textback.store.tables import calls
from textback.store.writer import Writer
from textback.tracker import Tracker


#: everybody is texted, however many they are: that is the most work
NO_BUDGET = {"guards__per_minute": 0, "guards__per_day": 0, "guards__per_prefix": 0}


def translator() -> Translator:
    return Translator("main", ["PJSIP/trunk-*"], ["from-trunk"])


def run_panoramisk(data: bytes, rounds: int) -> None:
    """panoramisk as it comes, with a callback for every event that does nothing."""
    manager = Manager(loop=asyncio.new_event_loop())
    manager.register_event("*", lambda manager, event: None)
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory = manager
    for number, fresh in enumerate(stream.rounds(data, rounds)):
        for piece, _ in stream.pieces(fresh, number):
            protocol.data_received(piece)


def run_reader(data: bytes, rounds: int) -> None:
    """Our reader alone: bytes to facts."""
    reader = Reader(translator(), lambda fact: None)
    for number, fresh in enumerate(stream.rounds(data, rounds)):
        for piece, at in stream.pieces(fresh, number):
            reader.feed(piece, at)


def run_daemon(data: bytes, rounds: int) -> None:
    """The whole way from bytes to calls and texts in a SQLite file, with synchronous=FULL."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_daemon(data, rounds, Path(folder) / "textback.db"))


async def _daemon(data: bytes, rounds: int, path: Path) -> None:
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
    for number, fresh in enumerate(stream.rounds(data, rounds)):
        for piece, at in stream.pieces(fresh, number):
            now[0] = at
            reader.feed(piece, at)
            await asyncio.sleep(0)
        await intake.drained()
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


def prepare(data: bytes, rounds: int) -> None:
    """What making the stream costs, which is no part of any of them."""
    for number, fresh in enumerate(stream.rounds(data, rounds)):
        for _ in stream.pieces(fresh, number):
            pass


def timed(run: Callable[[bytes, int], None], data: bytes, rounds: int) -> tuple[float, float]:
    """CPU and wall seconds of a run."""
    cpu, wall = time.process_time(), time.perf_counter()
    run(data, rounds)
    return time.process_time() - cpu, time.perf_counter() - wall


def memory() -> float:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=16, help="how often the recording is read")
    options.add_argument("--tries", type=int, default=3, help="the best of so many is taken")
    options.add_argument("--stream", choices=sorted(stream.STREAMS), help="only this one")
    options.add_argument("--million", action="store_true", help="1,000,000 events, and the memory they take")
    chosen = options.parse_args()
    logging.disable(logging.ERROR)
    if chosen.million:
        show_memory(stream.STREAMS[chosen.stream or "waiting"]())
    else:
        names = [chosen.stream] if chosen.stream else sorted(stream.STREAMS, reverse=True)
        rows = [row for name in names for row in compared(name, chosen.rounds, chosen.tries)]
        show("bytes read", "times panoramisk's speed", "panoramisk", rows)


def compared(name: str, rounds: int, tries: int) -> Iterator[Row]:
    """Beside panoramisk, by the CPU seconds of each, without those that making the stream takes."""
    data = stream.STREAMS[name]()
    runs = {"": prepare, "panoramisk": run_panoramisk, "to facts": run_reader, "to calls and texts": run_daemon}
    sides = {title: partial(timed, run, data, rounds) for title, run in runs.items()}
    found = {title: [cpu for cpu, _ in times] for title, times in in_turns(sides, tries).items()}
    base = min(found.pop(""))
    seconds = {title: [cpu - base for cpu in each] for title, each in found.items()}
    return speeds(f"`{name}`", seconds, stream.events_in(data) * rounds)


def show_memory(data: bytes) -> None:
    """The most memory after two rounds, and after a million events."""
    rounds = -(-1_000_000 // stream.events_in(data))
    run_daemon(data, 2)
    before = memory()
    cpu, wall = timed(run_daemon, data, rounds)
    events = stream.events_in(data) * rounds
    print(f"{events} events in {wall:.0f} s, CPU {cpu:.0f} s: {before:.0f} MB before, {memory():.0f} MB at most")


if __name__ == "__main__":
    main()
