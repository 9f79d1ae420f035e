"""Decisions a second, beside bare transactions of two rows: ``python -m tests.benchmarks.decisions``."""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path

from sqlalchemy import Engine, func, insert, select

from tests.benchmarks.reader import NO_BUDGET
from tests.benchmarks.table import Row, in_turns, show
from tests.practices import document, practice
from tests.servers import Postgresql
from textback.book import PracticeBook
from textback.events import CallerArrived, CallerLeft, Fact, HoldStarted, LinkSynced, Place
from textback.store import migrations, people, practices
from textback.store.engine import open_engine
from textback.store.tables import calls, messages
from textback.tracker import Tracker

T0 = 1_800_014_400.0
#: seconds after the end of a call in which its caller may come back
SETTLE = 15.0
LINE = "+12025550100"
_serial = count()


class Durable(Postgresql):
    """A server that waits for the disk, as one in earnest does."""

    def serve(self) -> list[str]:
        """The last of two settings of the same name is the one that holds."""
        return [*super().serve(), "-c", "fsync=on", "-c", "full_page_writes=on"]


def bare(engine: Engine, number: int) -> None:
    """A call and a message, nothing thought about, a transaction for each pair."""
    with engine.begin() as connection:
        thread = people.conversations_for(connection, {(LINE, LINE): "Riverside"}, T0)[LINE, LINE]
    for _ in range(number):
        call = f"bare/{next(_serial)}"
        text = {
            "id": str(uuid.uuid4()), "conversation_id": thread, "call_id": call, "practice": "Riverside",
            "direction": "out", "flow": "abandoned", "to_number": LINE, "from_number": LINE,
            "body": "Riverside: we got disconnected.", "segments": 1, "encoding": "GSM-7", "status": "sent",
            "attempts": 1, "priority": 2, "created_at": T0 - 1e6, "due_at": T0 - 1e6,
        }
        row = {"id": call, "pbx": "bare", "caller": LINE, "started_at": T0, "voicemail": False, "backfilled": False}
        with engine.begin() as connection:
            connection.execute(insert(calls), row)
            connection.execute(insert(messages), text)


def decisions(at_once: int) -> Callable[[Engine, int], None]:
    """Calls that end in a text, so many of them in a transaction."""

    def run(engine: Engine, number: int) -> None:
        tracker = Tracker(["main"], PracticeBook())
        with engine.begin() as connection:
            tracker.batch([LinkSynced("", T0, "main")])(connection)
        for _ in range(number // at_once):
            facts = _give_up(at_once)
            with engine.begin() as connection:
                tracker.batch(facts, facts[-1].at + SETTLE)(connection)

    return run


def _give_up(callers: int) -> list[Fact]:
    """They come together, wait, and leave together."""
    # A minute later than those before them: what is measured is a decision, not how a minute's texts are counted.
    at = T0 + 60.0 * next(_serial)
    arrivals: list[Fact] = []
    leavings: list[Fact] = []
    for serial in islice(_serial, callers):
        call = f"main/{serial}"
        number = f"1202{2_000_000 + serial % 7_000_000}"
        arrivals += [
            CallerArrived(call, at, "main", str(serial), number, "", "12025550100"),
            HoldStarted(call, at, Place.QUEUE, at, "support"),
        ]
        leavings.append(CallerLeft(call, at + 20.0))
    return arrivals + leavings


RUNS = {"two bare rows": bare, "a decision at a time": decisions(1), "20 decisions at a time": decisions(20)}


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """The URL of each kind of database that can be had here."""
    urls = {"SQLite": f"sqlite:///{folder / 'textback.db'}"}
    if (reason := Durable.missing()) is not None:
        print(reason)
        yield urls
        return
    server = Durable()
    try:
        server.start()
        with server.database() as url:
            yield urls | {"PostgreSQL": url}
    finally:
        server.remove()


def prepare(url: str) -> Engine:
    """A migrated database with a practice without a budget."""
    engine = open_engine(url)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        practices.put(connection, practice().name, document(**NO_BUDGET), "benchmark", T0)
    return engine


def measure(engine: Engine, number: int, tries: int) -> dict[str, float]:
    """So many of each a second, the best of several tries, in turn."""
    sides = {name: partial(_rate, run, engine, number) for name, run in RUNS.items()}
    best = {name: max(found) for name, found in in_turns(sides, tries).items()}
    with engine.begin() as connection:
        texts = connection.execute(select(func.count()).select_from(messages)).scalar_one()
    assert texts == tries * len(RUNS) * number, texts
    return best


def _rate(run: Callable[[Engine, int], None], engine: Engine, number: int) -> float:
    began = time.perf_counter()
    run(engine, number)
    return number / (time.perf_counter() - began)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--number", type=int, default=1_000, help="decisions in one try")
    options.add_argument("--tries", type=int, default=3, help="the best of so many is taken")
    chosen = options.parse_args()
    logging.disable(logging.ERROR)
    rows = []
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as urls:
        for kind, url in urls.items():
            engine = prepare(url)
            (_, bare_rate), *ours = measure(engine, chosen.number, chosen.tries).items()
            engine.dispose()
            rows += [Row(f"{kind}, {name}", rate / bare_rate, f"{bare_rate:,.0f} a second") for name, rate in ours]
    show("decisions", "times the speed of bare rows", "bare rows", rows)


if __name__ == "__main__":
    main()
