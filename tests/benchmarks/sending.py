"""From the daemon's start to its first text, beside a million old ones: ``python -m tests.benchmarks.sending``."""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert

from tests.benchmarks.decisions import databases
from tests.faults.daemon import Daemon, configure, prepare
from tests.faults.queue import LINE, PRACTICE, fill
from tests.faults.twilio import FaultyTwilio
from textback.store import people
from textback.store.tables import messages

#: seconds over which the old texts are spread, so many people they went to, and rows in one insert
YEARS, PEOPLE, CHUNK = 2 * 365 * 86_400.0, 5_000, 10_000
#: what became of a hundred old texts; those that wait or are in hand are not old
FATES = ["delivered"] * 90 + ["sent"] * 5 + ["undelivered"] * 2 + ["failed", "unknown", "held"]
LIMIT = 120.0


def grow(engine: Engine, rows: int, now: float) -> None:
    """So many old texts."""
    numbers = [f"+1303{2_000_000 + number}" for number in range(PEOPLE)]
    with engine.begin() as connection:
        threads = people.conversations_for(connection, {(LINE, number): PRACTICE for number in numbers}, now)
    texts = _old(rows, [(number, threads[LINE, number]) for number in numbers], now)
    for _ in range(0, rows, CHUNK):
        with engine.begin() as connection:
            connection.execute(insert(messages), [text for _, text in zip(range(CHUNK), texts)])


def _old(rows: int, threads: list[tuple[str, int]], now: float) -> Iterator[dict[str, Any]]:
    for serial in range(rows):
        number, thread = threads[serial % PEOPLE]
        at, fate = now - 60.0 - YEARS * (rows - serial) / rows, FATES[serial % len(FATES)]
        yield {
            "id": str(uuid.UUID(int=serial)), "conversation_id": thread, "call_id": f"old/{serial}",
            "practice": PRACTICE, "direction": "out", "flow": "abandoned", "to_number": number, "from_number": LINE,
            "body": "Riverside: we got disconnected. How can we help?", "segments": 1, "encoding": "GSM-7",
            "status": fate, "provider": "twilio", "provider_id": f"SMold{serial:029x}", "attempts": 1, "priority": 2,
            "created_at": at, "due_at": at, "claimed_at": at, "claimed_by": "old", "sent_at": at,
        }


def start_to_send(url: str, twilio: FaultyTwilio, folder: Path) -> float:
    """Seconds from the start of the process until the provider has a text that waited."""
    config = configure(folder / "textback.toml", url, twilio.url, timeout=15.0)
    posts, began = twilio.posts, time.perf_counter()
    with Daemon(config, folder / "log", "textback") as daemon:
        sent = twilio.wait_posts(posts + 1, LIMIT)
        lasted = time.perf_counter() - began
        assert sent and daemon.stop() == 0, (folder / "log").read_text()
    return lasted


def measure(url: str, rows: int, tries: int, folder: Path) -> float:
    """The best of several starts, each with one text in the queue."""
    engine = prepare(url)
    grow(engine, rows, time.time())
    with FaultyTwilio() as twilio:
        found = []
        for number in range(tries):
            fill(engine, 1, time.time(), first=number)
            found.append(start_to_send(url, twilio, folder))
    engine.dispose()
    return min(found)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--tries", type=int, default=3, help="the best of so many starts is taken")
    chosen = options.parse_args()
    base: dict[str, float] = {}
    for rows in (0, chosen.rows):
        with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as urls:
            for kind, url in urls.items():
                lasted = measure(url, rows, chosen.tries, Path(folder))
                base.setdefault(kind, lasted)
                print(f"{kind:12} {rows:9} rows: {lasted:5.2f} s, {lasted / base[kind]:.2f} times as long as with none")


if __name__ == "__main__":
    main()
