"""Reports over a million calls: how long a page and its figures take, ``python -m tests.benchmarks.reports``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, insert, select

from tests.practices import document
from textback.book import PracticeBook
from textback.model import Role, Staff
from textback.reports.keeping import Keeping
from textback.store import migrations, practices
from textback.store.engine import open_engine, reading
from textback.store.reader import Reader
from textback.store.tables import calls, contacts, conversations, messages
from textback.store.writer import Writer
from textback.web.pages.reports import look

ZONE, DAY = "America/New_York", 86_400.0
NOW = 1_795_262_400.0
PRACTICES = 3
QUEUES = ("support", "sales", "billing", None)
ENDS = (("answered", 70), ("abandoned", 13), ("missed", 9), ("texted", 4), ("unreached", 4))
ROOT = Staff(1, "root", "Root", Role.ADMIN, None)
SPANS = {"30 days": {"when": "30d"}, "365 days": {"when": "365d"}, "a queue": {"when": "365d", "queue": "sales"}}


def fill(conn: Connection, count: int, days: int) -> None:
    """So many calls over so many days, to three practices of four queues; a third of the texted ones reply."""
    dice = random.Random(7)
    for at in range(PRACTICES):
        lines = [
            {"name": "Front", "number": f"+120255501{at}0", "queues": [f"main{at}/support", f"main{at}/billing"]},
            {"name": "Sales", "number": f"+120255501{at}1", "queues": [f"main{at}/sales"]},
        ]
        about = {"practice__name": f"Clinic {at}", "practice__timezone": ZONE, "practice__default": at == 0}
        practices.put(conn, f"Clinic {at}", document(**about, line=lines), "bench", 0.0)
    people = count // 20
    conn.execute(insert(contacts), [_contact(one) for one in range(people)])
    conn.execute(insert(conversations), [_talk(one) for one in range(people)])
    told: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for at in range(count):
        _one(dice, at, NOW - DAY * days * (count - at) / count, people, told, said)
        if len(told) >= 20_000 or at == count - 1:
            conn.execute(insert(messages), said)
            conn.execute(insert(calls), told)
            told, said = [], []


def _contact(one: int) -> dict[str, Any]:
    about = {"number": f"+1202{one:07d}", "kind": "patient", "verified": False, "created_at": NOW}
    return {"id": one + 1, "practice": f"Clinic {one % PRACTICES}"} | about


def _talk(one: int) -> dict[str, Any]:
    line = f"+120255501{one % PRACTICES}0"
    about = {"number": f"+1202{one:07d}", "contact_id": one + 1, "created_at": NOW}
    return {"id": one + 1, "practice": f"Clinic {one % PRACTICES}", "line": line} | about


def _one(
    dice: random.Random, at: int, begun: float, people: int, told: list[dict[str, Any]], said: list[dict[str, Any]]
) -> None:
    who, (end,) = dice.randrange(people), dice.choices(*zip(*ENDS))
    practice, queue = who % PRACTICES, dice.choice(QUEUES)
    ended, text = begun + dice.random() * 300, None
    if end in ("abandoned", "missed", "texted") and dice.random() < 0.8:
        text = f"text {at}"
        said += _texts(dice, text, who, ended)
    told.append(
        {
            "id": f"main{practice}/{at}", "pbx": f"main{practice}", "practice": f"Clinic {practice}",
            "caller": f"+1202{who:07d}", "did": "+12025550199", "queue": queue, "started_at": begun, "ended_at": ended,
            "offered_at": begun if dice.random() < 0.2 else None, "hold_seconds": dice.random() * 100,
            "disposition": end, "voicemail": False, "backfilled": False,
            "flow": None if end in ("answered", "unreached") else end, "verdict": "text" if text else "skip",
            "reason": end, "why": "", "message_id": text, "conversation_id": who + 1 if text else None,
            "story": [[begun, "called"]] * 6,
        }  # fmt: skip
    )


def _texts(dice: random.Random, text: str, who: int, at: float) -> Iterator[dict[str, Any]]:
    base = {
        "conversation_id": who + 1, "to_number": "+1", "from_number": "+2", "body": "x" * 90, "segments": 1,
        "encoding": "GSM-7", "priority": 2, "attempts": 1, "author": None, "flow": None, "sent_at": None,
    }  # fmt: skip
    yield base | {"id": text, "direction": "out", "status": "delivered", "created_at": at, "due_at": at} | {
        "sent_at": at, "flow": "missed",
    }  # fmt: skip
    if dice.random() < 0.33:
        wait = at + dice.random() * DAY * 1.2
        yield base | {"id": f"{text} r", "direction": "in", "status": "received", "created_at": wait, "due_at": wait}
        wait += dice.random() * DAY
        answer = {"id": f"{text} h", "direction": "out", "status": "delivered", "created_at": wait, "due_at": wait}
        yield base | answer | {"author": "ann"}


def recount(conn: Connection, days: int) -> Counter[str]:
    """The calls of the last days, each looked at: those whose figures need no other row."""
    found: Counter[str] = Counter()
    zone = ZoneInfo(ZONE)
    today = datetime.fromtimestamp(NOW, zone).date()
    query = select(calls.c.started_at, calls.c.disposition, calls.c.offered_at, calls.c.message_id)
    for row in conn.execute(query):
        if 0 <= (today - datetime.fromtimestamp(row.started_at, zone).date()).days < days:
            found.update(["calls", row.disposition])
            found["offers"] += row.offered_at is not None
            found["texts"] += row.message_id is not None
    return found


def timed(engine: Engine, query: dict[str, str], times: int) -> list[float]:
    """Milliseconds of so many looks; each is what a page asks of the database, and adds up."""
    book, taken = PracticeBook(), []
    for _ in range(times):
        begun = time.perf_counter()
        with reading(engine) as conn:
            look(conn, book(conn), ROOT, query, NOW)
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


def show(engine: Engine, when: str, times: int) -> None:
    for name, query in SPANS.items():
        taken = sorted(timed(engine, query, times))
        p95 = taken[min(len(taken) - 1, int(0.95 * len(taken)))]
        print(f"{when}: {name}: p50 {statistics.median(taken):.0f} ms, p95 {p95:.0f} ms", flush=True)


async def keep(engine: Engine) -> int:
    """What the daemon's own job does, in one go."""
    writer, reader = Writer(engine, logging.getLogger("textback.store")), Reader(engine)
    writer.start()
    try:
        return await Keeping(reader, writer, PracticeBook(), lambda: NOW, lambda seconds: asyncio.sleep(0)).round()
    finally:
        reader.close()
        await asyncio.to_thread(writer.stop, 60.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=365, help="over which they are spread")
    parser.add_argument("--database", help="the URL of an empty one; else a SQLite file that is removed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        engine = open_engine(given.database or f"sqlite:///{Path(directory) / 'reports.db'}")
        migrations.upgrade(engine)
        with engine.begin() as conn:
            fill(conn, given.calls, given.days)
        print(f"{given.calls} calls over {given.days} days", flush=True)
        show(engine, "counted from the calls", 2)
        begun = time.perf_counter()
        kept = asyncio.run(keep(engine))
        print(f"{kept} days kept in {time.perf_counter() - begun:.0f} s", flush=True)
        show(engine, "kept", 40)
        with reading(engine) as conn:
            report = look(conn, PracticeBook()(conn), ROOT, {"when": "365d"}, NOW).total
            plain = recount(conn, 365)
        for key in ("calls", "answered", "abandoned", "missed", "offers"):
            assert report[key] == plain[key], (key, report[key], plain[key])
        assert report["texted"] == plain["texts"]
        print(f"equal to a plain recount: {report['calls']} calls, {report['texted']} texted")
        engine.dispose()


if __name__ == "__main__":
    main()
