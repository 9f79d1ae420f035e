"""Many PBXes on one daemon: what a link costs, and a call on one of them: ``python -m tests.benchmarks.sites``."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from tests.benchmarks.years import number
from tests.faults.daemon import Daemon, configure, counts, database, prepare, until
from tests.faults.twilio import FaultyTwilio
from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script

#: seconds that everything may take to be up, and to be sent
PATIENCE = 300.0
#: seconds that a caller holds; the time without calls in which a link's own cost is measured
HOLD, IDLE = 5.0, 20.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Measured:
    """What came of one number of sites; CPU in seconds of a core for each second, times in seconds."""

    sites: int
    up_after: float = 0.0
    memory: int = 0
    idle: float = 0.0
    busy: float = 0.0
    database: float = 0.0
    commits: float = 0.0
    delays: list[float] = field(default_factory=list)
    calls: int = 0
    texts: int = 0

    def row(self) -> str:
        """A line of the table."""
        delays = sorted(self.delays)
        p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
        cells = (
            f"{self.sites:,}", f"{self.up_after:.1f} s", f"{self.memory / 1e6:.0f} MB", f"{self.idle:.1%}",
            f"{self.busy:.0%}", f"{self.database:.0%}", f"{self.commits:.0f}",
            f"{p50 * 1e3:.0f} ms", f"{p99 * 1e3:.0f} ms", f"{self.calls:,}", f"{self.texts:,}",
        )  # fmt: skip
        return f"| {' | '.join(cells)} |"


HEAD = (
    "| PBXes | all followed after | memory | CPU without calls | CPU of the daemon | CPU of the database "
    "| commits a second | hang-up to provider, p50 | p99 | calls | texts |\n|" + "---|" * 11
)


def main() -> None:
    """Measure, and print the table."""
    options = argparse.ArgumentParser(prog="python -m tests.benchmarks.sites", description=__doc__)
    options.add_argument("--sites", type=int, nargs="+", default=[1, 30, 300, 1000])
    options.add_argument("--rate", type=float, default=20.0, help="calls a second, on all of them together")
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    chosen = options.parse_args()
    print(f"{chosen.rate:g} calls a second, each texted, for {chosen.seconds:g} s; {chosen.database}\n\n{HEAD}")
    for sites in chosen.sites:
        with tempfile.TemporaryDirectory() as folder, database(chosen.database, Path(folder)) as url:
            print(asyncio.run(measure(Path(folder), url, sites, chosen.rate, chosen.seconds)).row(), flush=True)


async def measure(folder: Path, url: str, sites: int, rate: float, seconds: float) -> Measured:
    """One daemon and so many PBXes."""
    engine, found = prepare(url), Measured(sites)
    pbxes = [Simulator(callers=(), secret="demo") for _ in range(sites)]
    ports = [await pbx.start() for pbx in pbxes]
    with FaultyTwilio(sins=0.0) as provider:
        config = configure(folder / "textback.toml", url, provider.url, list(map(_section, range(sites), ports)))
        with Daemon(config, folder / "log", "textback") as daemon:
            began = time.monotonic()
            assert await asyncio.to_thread(until, lambda: _followed(engine) == sites, PATIENCE), "not all are followed"
            found.up_after = time.monotonic() - began
            found.idle, _ = await _used(daemon.pid, engine, asyncio.sleep(IDLE))
            calling = load(pbxes, rate, seconds, found, provider, engine)
            found.busy, found.database = await _used(daemon.pid, engine, calling)
            found.memory = int(Path(f"/proc/{daemon.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    for pbx in pbxes:
        await pbx.stop()
    engine.dispose()
    return found


def _section(place: int, port: int) -> dict[str, Any]:
    told = {"name": f"site{place}", "kind": "asterisk", "host": "127.0.0.1", "port": port, "username": "textback"}
    return told | {"secret": "demo", "trunks": ["PJSIP/trunk-*"], "inbound_contexts": ["from-trunk"]}


def _followed(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM links")).scalar_one())


async def load(
    pbxes: list[Simulator], rate: float, seconds: float, found: Measured, provider: FaultyTwilio, engine: Engine
) -> None:
    """Callers who wait and give up, each on a site by chance, until the last text is at the provider."""
    chance, ended = random.Random(1), dict[str, float]()
    commits = _commits(engine)
    began = time.monotonic()

    async def call(person: int) -> None:
        await chance.choice(pbxes).play(Script(number(person)[1:], "", "15551230100", (waits_and_gives_up(HOLD),)))
        ended[number(person)] = time.time()

    async with asyncio.TaskGroup() as tasks:
        for person in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + person / rate - time.monotonic()))
            tasks.create_task(call(person))
    found.commits = (_commits(engine) - commits) / (time.monotonic() - began)
    await asyncio.to_thread(until, lambda: len(provider.taken) >= len(ended), PATIENCE)
    found.calls, found.texts = counts(engine)[0], len(provider.taken)
    found.delays = [one.at - ended[one.to] for one in provider.taken]


def _commits(engine: Engine) -> int:
    if engine.dialect.name != "postgresql":
        return 0
    with engine.connect() as connection:
        wanted = text("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return int(connection.execute(wanted).scalar_one())


async def _used(pid: int, engine: Engine, work: Any) -> tuple[float, float]:
    """The CPU that the daemon, and its database server, use while something goes on."""
    server = _server(engine)
    began, before, theirs = time.monotonic(), _cpu(pid), _cpu_of_all(server)
    await work
    lasted = time.monotonic() - began
    return (_cpu(pid) - before) / lasted, (_cpu_of_all(server) - theirs) / lasted


def _server(engine: Engine) -> int | None:
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        backend = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    return int(_stat(backend)[1])


def _cpu(pid: int) -> float:
    status = _stat(pid)
    return (int(status[11]) + int(status[12])) / TICKS


def _cpu_of_all(pid: int | None) -> float:
    """A process, those that it has started, and those of them that have ended."""
    if pid is None:
        return 0.0
    status = _stat(pid)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return _cpu(pid) + (int(status[13]) + int(status[14])) / TICKS + sum(map(_cpu, map(int, children)))


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


if __name__ == "__main__":
    main()
