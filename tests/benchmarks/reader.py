"""How fast events are read and kept, beside panoramisk's bare dispatch: ``python -m tests.benchmarks.reader``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from tests.benchmarks import stream
from tests.practices import document, practice
from textback.book import PracticeBook
from textback.events import Fact, LinkSynced
from textback.intake import Intake
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_reader import Reader
from textback.store import calls, migrations, practices
from textback.store.engine import open_engine
from textback.store.writer import Writer
from textback.tracker import Tracker


def translator() -> Translator:
    return Translator("main", ["PJSIP/trunk-*"], ["from-trunk"])


def run_panoramisk(rounds: int) -> None:
    """panoramisk as it comes, with a callback for every event that does nothing."""
    manager = Manager(loop=asyncio.new_event_loop())
    manager.register_event("*", lambda manager, event: None)
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory = manager
    for number, data in enumerate(stream.rounds(rounds)):
        for piece, _ in stream.pieces(data, number):
            protocol.data_received(piece)


def run_reader(rounds: int) -> None:
    """Our reader alone: bytes to facts."""
    reader = Reader(translator(), lambda fact: None)
    for number, data in enumerate(stream.rounds(rounds)):
        for piece, at in stream.pieces(data, number):
            reader.feed(piece, at)


def run_daemon(rounds: int) -> None:
    """The whole way from bytes to calls and texts in a SQLite file, with synchronous=FULL."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_daemon(rounds, Path(folder) / "textback.db"))


async def _daemon(rounds: int, path: Path) -> None:
    engine = open_engine(f"sqlite:///{path}")
    migrations.upgrade(engine)
    with engine.begin() as connection:
        practices.put(connection, practice().name, document(), "benchmark", 0.0)
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
    for number, data in enumerate(stream.rounds(rounds)):
        for piece, at in stream.pieces(data, number):
            now[0] = at
            reader.feed(piece, at)
            await asyncio.sleep(0)
        await intake.drained()
    now[0] += 3600
    intake.pass_time()
    await intake.drained()
    writer.stop()
    with engine.begin() as connection:
        rows = calls.listing(connection, limit=0)
    engine.dispose()
    texts = sum(row["verdict"] == "text" for row in rows)
    assert not faults and len(rows) == texts == 200 * rounds, (faults, len(rows), texts)


def _ignore(_: object) -> None:
    return None


def _nothing(_: Fact) -> None:
    return None


def prepare(rounds: int) -> None:
    """What making the stream costs, which is no part of any of them."""
    for number, data in enumerate(stream.rounds(rounds)):
        for _ in stream.pieces(data, number):
            pass


def timed(run: Callable[[int], None], rounds: int) -> tuple[float, float]:
    """CPU and wall seconds of a run."""
    cpu, wall = time.process_time(), time.perf_counter()
    run(rounds)
    return time.process_time() - cpu, time.perf_counter() - wall


def best(run: Callable[[int], None], rounds: int, tries: int) -> tuple[float, float]:
    found = [timed(run, rounds) for _ in range(tries)]
    return min(cpu for cpu, _ in found), min(wall for _, wall in found)


def memory() -> float:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=4, help="how often the recording is read")
    options.add_argument("--tries", type=int, default=3, help="the best of so many is taken")
    options.add_argument("--million", action="store_true", help="1,000,000 events, and the memory they take")
    chosen = options.parse_args()
    logging.disable(logging.WARNING)
    if chosen.million:
        show_memory()
    else:
        show_speed(chosen.rounds, chosen.tries)


def show_speed(rounds: int, tries: int) -> None:
    events = stream.events_in(stream.recording()) * rounds
    base_cpu, base_wall = best(prepare, rounds, tries)
    measured = {}
    for name, run in (("panoramisk", run_panoramisk), ("reader", run_reader), ("daemon", run_daemon)):
        cpu, wall = best(run, rounds, tries)
        measured[name] = cpu - base_cpu, wall - base_wall
    print(f"{events} events, {stream.recording().__sizeof__() * rounds / 1e6:.0f} MB, best of {tries}")
    print(f"{'':12} {'events/s':>10} {'CPU us/event':>14} {'times panoramisk':>18}")
    for name, (cpu, wall) in measured.items():
        ratio = measured["panoramisk"][0] / cpu
        print(f"{name:12} {events / wall:10.0f} {cpu / events * 1e6:14.2f} {ratio:18.1f}")


def show_memory() -> None:
    per_round = stream.events_in(stream.recording())
    rounds = -(-1_000_000 // per_round)
    run_daemon(2)
    before = memory()
    cpu, wall = timed(run_daemon, rounds)
    print(f"{per_round * rounds} events in {wall:.0f} s, CPU {cpu:.0f} s: {before:.0f} MB before, {memory():.0f} MB at most")


if __name__ == "__main__":
    main()
