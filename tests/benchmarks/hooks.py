"""How long a dialplan waits for a hook: ``python -m tests.benchmarks.hooks``."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import multiprocessing
import statistics
import time
from contextlib import nullcontext
from multiprocessing.connection import Connection

from tests.benchmarks.hook_desk import KINDS, desk_on
from tests.hooks.desks import FakeDesk
from tests.hooks.fake_asterisk import environment, header
from tests.hooks.fake_freeswitch import FakeChannel
from textback.hooks.agi import Agi
from textback.hooks.esl import Esl

CONCURRENT = (20, 200)
#: seconds; without any, the callers keep the processor busy, and wait mostly for one another
PAUSES = (0.0, 0.5)
HOOKS = ("may-offer", "call-to-text")
SERVERS = {"agi": Agi, "esl": Esl}
_callers = itertools.count(5_560_000)


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

    asyncio.run(run())


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
    chosen = options.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, chosen.desk, chosen.by))
    server.start()
    port = ours.recv()
    for hook, concurrent, pause in itertools.product(HOOKS, CONCURRENT, PAUSES):
        began = time.perf_counter()
        taken = asyncio.run(measure(port, chosen.by, hook, concurrent, chosen.each, pause))
        report(hook, concurrent, pause, taken, time.perf_counter() - began)
    ours.send("enough")
    count, p50, p99 = ours.recv()
    print(f"as the daemon saw the last 1,000 of {count}: p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")
    server.join()


if __name__ == "__main__":
    main()
