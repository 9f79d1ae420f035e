"""How long a dialplan waits for a hook: ``python -m tests.benchmarks.hooks``."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import agi_script
from tests.benchmarks.hook_desk import KINDS, desk_on
from tests.benchmarks.table import Row, in_turns, show
from tests.hooks.desks import FakeDesk
from tests.hooks.fake_asterisk import environment, header
from tests.hooks.fake_freeswitch import FakeChannel
from textback.hooks.agi import Agi
from textback.hooks.esl import Esl
from textback.store import migrations
from textback.store.engine import open_engine

CONCURRENT = (20, 200)
#: seconds; without any, the callers keep the processor busy, and wait mostly for one another
PAUSES = (0.0, 0.5)
HOOKS = ("may-offer", "call-to-text")
#: the other side of what is compared, and how often each has its turn
SCRIPT, ROUNDS = "script", 3
SERVERS = {"agi": Agi, "esl": Esl}
_callers = itertools.count(5_560_000)


async def serve_script(told: Connection) -> None:
    """The other side: a script of a user's own, on a database like that of the daemon."""
    with TemporaryDirectory(prefix="textback-benchmark-") as folder:
        file = Path(folder) / "textback.db"
        migrations.upgrade(open_engine(f"sqlite:///{file}"))
        async with await agi_script.listen(file) as server:
            told.send(server.sockets[0].getsockname()[1])
            stop = asyncio.Event()
            asyncio.get_running_loop().add_reader(told.fileno(), stop.set)
            await stop.wait()


def serve(told: Connection, kind: str, by: str) -> None:
    """The server, in a process of its own: with a desk in memory that answers at once, or with the daemon's own."""

    async def run() -> None:
        async with desk_on(kind) if kind != "memory" else nullcontext(FakeDesk()) as desk:
            server = SERVERS[by](desk, log=logging.getLogger("textback.benchmark"))
            await server.listen("127.0.0.1", 0)
            told.send(server.port)
            stop = asyncio.Event()
            asyncio.get_running_loop().add_reader(told.fileno(), stop.set)
            await server.run(stop)
            told.send((server.latency.count, server.latency.quantile(0.5), server.latency.quantile(0.99)))

    asyncio.run(serve_script(told) if kind == SCRIPT else run())


async def one_call(port: int, by: str, hook: str, caller: str) -> float:
    """Seconds from the connect to the end of the session: what the dialplan waits."""
    if by == "esl":
        who: dict[str, str | None] = {"Unique-ID": f"{caller}.1", "Caller-Orig-Caller-ID-Number": caller}
        channel = FakeChannel(f"{hook}?queue=support", headers=who)
        began = time.perf_counter()
        await channel.run(port)
        return time.perf_counter() - began
    lines = environment(f"{hook}?queue=support", uniqueid=f"{caller}.1", callerid=caller)
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(header(lines))
    while await reader.readline():
        writer.write(b"200 result=1\n")
    taken = time.perf_counter() - began
    writer.close()
    return taken


async def measure(port: int, by: str, hook: str, concurrent: int, each: int, pause: float) -> list[float]:
    """``concurrent`` callers, each of whom comes again ``pause`` seconds after it was answered."""
    taken: list[float] = []

    async def caller(number: int) -> None:
        await asyncio.sleep(pause * number / concurrent)
        for _ in range(each):
            taken.append(await one_call(port, by, hook, f"1202{next(_callers):07}"))
            await asyncio.sleep(pause)

    async with asyncio.TaskGroup() as callers:
        for number in range(concurrent):
            callers.create_task(caller(number))
    return taken


def waits(hook: str, concurrent: int, each: int, pause: float, port: int) -> list[float]:
    """The seconds of each call that Asterisk asks for."""
    return asyncio.run(measure(port, "agi", hook, concurrent, each, pause))


def report(hook: str, concurrent: int, pause: float, taken: list[float], lasted: float) -> None:
    ordered = sorted(taken)
    p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    how = f"{pause:g} s between" if pause else "without pause"
    print(
        f"{hook:12} {concurrent:4} callers, {how:13}: p50 {p50 * 1e3:6.1f} ms, p99 {p99 * 1e3:6.1f} ms, "
        f"most {ordered[-1] * 1e3:6.1f} ms, {len(ordered) / lasted:5.0f} a second"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--each", type=int, default=20, help="hooks that each caller asks for")
    options.add_argument("--desk", choices=KINDS, default="memory", help="what answers; stopped: a database that is")
    options.add_argument("--by", choices=SERVERS, default="agi", help="the kind of PBX that asks")
    options.add_argument("--beside", action="store_true", help="the desk on SQLite, beside a script of a user's own")
    chosen = options.parse_args()
    if chosen.beside:
        show("what a dialplan waits for", "times as long as for a script", "the script, p50", beside(chosen.each))
        return
    with served(chosen.desk, chosen.by) as (port, told):
        for hook, concurrent, pause in itertools.product(HOOKS, CONCURRENT, PAUSES):
            began = time.perf_counter()
            taken = asyncio.run(measure(port, chosen.by, hook, concurrent, chosen.each, pause))
            report(hook, concurrent, pause, taken, time.perf_counter() - began)
        told.send("enough")
        count, p50, p99 = told.recv()
    print(f"as the daemon saw the last 1,000 of {count}: p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")


@contextmanager
def served(kind: str, by: str) -> Iterator[tuple[int, Connection]]:
    """A server in a process of its own, which ends when it is told anything: its port, and where it is told."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, kind, by))
    server.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send("enough")
        server.join()


def beside(each: int) -> Iterator[Row]:
    """The daemon's own desk on SQLite, and a script on the same, in turns; the median of all waits."""
    with served(SCRIPT, "agi") as (script, _), served("sqlite", "agi") as (daemon, _):
        for hook, (concurrent, pause) in itertools.product(HOOKS, ((1, 0.0), (20, 0.5), (20, 0.0))):
            asked = partial(waits, hook, concurrent, each, pause)
            sides = {"script": partial(asked, script), "daemon": partial(asked, daemon)}
            found = in_turns(sides, ROUNDS)
            theirs, ours = (statistics.median(itertools.chain(*found[side])) for side in ("script", "daemon"))
            how = "who come again after 0.5 s" if pause else "without a pause"
            who = f"{concurrent} callers {how}" if concurrent > 1 else "one call after the other"
            yield Row(f"`{hook}`, {who}", ours / theirs, f"{theirs * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
