"""Reports over a million calls: how long a page takes, and every figure recounted: ``-m tests.benchmarks.reports``."""

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
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, insert

from tests.benchmarks.office import opened
from tests.benchmarks.recount import Key, Recount
from tests.practices import document
from tests.web.browser import HASH, Browser
from textback.book import PracticeBook
from textback.cli.run import settle
from textback.model import Role
from textback.reports import counted
from textback.reports.keeping import Keeping
from textback.reports.rules import day_at
from textback.store import accounts, migrations, practices
from textback.store.engine import open_engine, reading
from textback.store.reader import Reader
from textback.store.report_tables import COUNTED, report_changes
from textback.store.tables import calls, contacts, conversations, messages
from textback.store.writer import Writer

ZONE, DAY = "America/New_York", 86_400.0
NOW = 1_795_262_400.0
PRACTICES, FEW, MIN_HOLD, HOLDOUT = 3, 1_000, 5.0, 0.05
QUEUES = ("support", "sales", "billing", None)
ENDS = (("answered", 68), ("abandoned", 13), ("missed", 9), ("texted", 4), ("unreached", 5), ("lost", 1))
FLOWS = {"abandoned": "abandoned", "missed": "missed", "texted": "call_to_text"}
PAGES = {
    "30 days": "when=30d",
    "90 days": "when=90d",
    "365 days": "when=365d",
    "365 days of a queue": "when=365d&queue=sales",
    "365 days of no queue": "when=365d&queue=-",
    "365 days of a line": "when=365d&line=%2B12025550110",
    "365 days of a practice": "when=365d&practice=Clinic+1",
    "from the middle of a month on": "from=2026-02-11&to=2026-10-17",
    "1,100 days": "from=2000-01-01",
}


def fill(conn: Connection, count: int, days: int) -> None:
    """So many calls over so many days, to three practices of four queues; a third of the texted ones reply."""
    dice = random.Random(7)
    about: dict[str, Any] = {"full_name": "Root", "role": Role.ADMIN, "practices_of_theirs": []}
    accounts.add(conn, "root", **about, password_hash=HASH, by="bench", now=NOW)
    for at in range(PRACTICES):
        lines = [
            {"name": "Front", "number": f"+120255501{at}0", "queues": [f"main{at}/support", f"main{at}/billing"]},
            {"name": "Sales", "number": f"+120255501{at}1", "queues": [f"main{at}/sales"]},
        ]
        about = {"practice__name": f"Clinic {at}", "practice__default": at == 0}
        about |= {"practice__timezone": ZONE, "abandoned__min_hold": f"{MIN_HOLD:.0f}s", "guards__holdout": 5}
        practices.put(conn, f"Clinic {at}", document(**about, line=lines), "bench", 0.0)
    _late(conn, dice, days)
    people = max(1, count // 20)
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


def _late(conn: Connection, dice: random.Random, days: int) -> None:
    """Nearly every day has had replies and deliveries after it was over."""
    dates = [str(day_at("UTC", NOW - DAY * day)) for day in range(days)]
    rows = [{"practice": f"Clinic {at}", "day": day, "changes": 1} for at in range(PRACTICES) for day in dates]
    conn.execute(insert(report_changes), [row | {"changes": dice.randint(1, 200)} for row in rows])


def _contact(one: int) -> dict[str, Any]:
    about = {"number": number(one), "kind": "patient", "verified": False, "created_at": NOW}
    return {"id": one + 1, "practice": f"Clinic {one % PRACTICES}"} | about


def _talk(one: int) -> dict[str, Any]:
    line = f"+120255501{one % PRACTICES}0"
    about = {"number": number(one), "contact_id": one + 1, "created_at": NOW}
    return {"id": one + 1, "practice": f"Clinic {one % PRACTICES}", "line": line} | about


def _one(
    dice: random.Random, at: int, begun: float, people: int, told: list[dict[str, Any]], said: list[dict[str, Any]]
) -> None:
    who, (end,) = dice.randrange(people), dice.choices(*zip(*ENDS))
    practice, queue, luck = who % PRACTICES, dice.choice(QUEUES), dice.random()
    flow = FLOWS.get(end) or ("missed" if end == "unreached" and luck < 0.3 else None)
    is_left_out = flow in ("abandoned", "missed") and luck < HOLDOUT
    ended, text = begun + dice.random() * 300, None
    if flow and not is_left_out and dice.random() < 0.8:
        text = f"text {at}"
        said += _texts(dice, text, flow, who, ended)
    told.append(
        {
            "id": f"main{practice}/{at}", "pbx": f"main{practice}", "practice": f"Clinic {practice}",
            "caller": "anonymous" if luck > 0.99 else number(who), "did": "+12025550199", "queue": queue,
            "started_at": begun, "ended_at": ended, "offered_at": begun if dice.random() < 0.2 else None,
            "hold_seconds": dice.random() * 100, "disposition": end, "voicemail": False, "backfilled": False,
            "flow": flow, "verdict": "text" if text else "skip",
            "reason": flow if text else "holdout" if is_left_out else "cooldown", "why": "", "message_id": text,
            "conversation_id": who + 1 if text else None, "story": [[begun, "called"]] * 6,
        }  # fmt: skip
    )


def number(who: int) -> str:
    return f"+1202{who:07d}"


def _texts(dice: random.Random, text: str, flow: str, who: int, at: float) -> Iterator[dict[str, Any]]:
    """A text, of which some stay; a third of those that left are replied to, by a third too late, or never answered."""
    status = dice.choices(("delivered", "sent", "failed", "held"), (85, 8, 6, 1))[0]
    sent = at + 5 if status in ("delivered", "sent") else None
    base = {
        "conversation_id": who + 1, "to_number": "+1", "from_number": "+2", "body": "x" * 90, "segments": 1,
        "encoding": "GSM-7", "priority": 2, "attempts": 1, "author": None, "flow": None, "sent_at": None,
        "answer": None, "direction": "out", "status": "delivered",
    }  # fmt: skip
    yield base | {"id": text, "status": status, "created_at": at, "due_at": at, "sent_at": sent, "flow": flow}
    if sent is None or dice.random() > 0.33:
        return
    wait = at + dice.random() * DAY * 1.3
    came = {"direction": "in", "status": "received"}
    yield base | came | {"id": f"{text} r", "created_at": wait, "due_at": wait}
    if dice.random() < 0.2:
        yield base | {"id": f"{text} m", "created_at": wait + 2, "due_at": wait + 2, "answer": "after_hours"}
    if dice.random() < 0.7:
        wait += dice.random() ** 4 * 9 * DAY
        yield base | {"id": f"{text} h", "created_at": wait, "due_at": wait, "author": "ann"}


def reported(conn: Connection) -> dict[Key, tuple[Counter[str], list[int]]]:
    """What the reports are made of."""
    directory, found = PracticeBook()(conn), {}
    first, last = day_at(ZONE, NOW - 1099 * DAY), day_at(ZONE, NOW)
    for practice in directory.practices:
        for month in counted(conn, directory, practice, first, last):
            for day, tally in month.days():
                counts = Counter({key: count for key, count in zip(COUNTED, tally.counts) if count})
                found[str(day), month.practice, month.line, month.queue] = counts, tally.reply_seconds
    return found


def compare(engine: Engine) -> str:
    """Every figure of every day, practice, line and queue with the plain recount; raises where one differs."""
    lines = {(f"Clinic {at}", queue): f"+120255501{at}0" for at in range(PRACTICES) for queue in QUEUES}
    lines |= {(f"Clinic {at}", "sales"): f"+120255501{at}1" for at in range(PRACTICES)}
    with reading(engine) as conn:
        ours = reported(conn)
        theirs = Recount(conn, ZONE, MIN_HOLD, lines)(conn)
    assert set(ours) == set(theirs), sorted(set(ours) ^ set(theirs))[:5]
    for key, (counts, waits) in theirs.items():
        assert ours[key] == (counts, sorted(waits)), (key, ours[key], (counts, sorted(waits)))
    whole: Counter[str] = sum((counts for counts, _ in theirs.values()), Counter())
    everybody = sorted(wait for _, waits in theirs.values() for wait in waits)
    told = ", ".join(f"{key} {whole[key]}" for key in COUNTED)
    return f"{len(theirs)} days of queues: {told}, median {statistics.median(everybody)} s of {len(everybody)}"


async def measure(many: Engine, few: Engine, times: int) -> None:
    """Each page so many times on both databases, in turn, from the request to the last byte of the page."""
    async with AsyncExitStack() as stack:
        browsers = [(await stack.enter_async_context(opened(engine)))[0].browser() for engine in (many, few)]
        for browser in browsers:
            await browser.sign_in("root")
        settle()
        for name, query in PAGES.items():
            taken: list[list[Taken]] = [[], []]
            for _ in range(times):
                for browser, one in zip(browsers, taken):
                    one.append(await open_page(browser, f"/reports?{query}"))
            print(_told(name, *taken), flush=True)


class Taken(NamedTuple):
    """Seconds from the request to the end of the page, and of a core; the second are the same on a busy machine."""

    wall: float
    core: float


async def open_page(browser: Browser, target: str) -> Taken:
    begun, core = time.perf_counter(), time.process_time()
    answer = await browser.get(target)
    taken = Taken(time.perf_counter() - begun, time.process_time() - core)
    assert answer.status == 200 and "Median time" in answer.body, (answer.status, target)
    return taken


def _told(name: str, many: list[Taken], few: list[Taken]) -> str:
    told = []
    for words, at in (("", 0), (" of a core", 1)):
        ours, beside = _usual([one[at] for one in many]), _usual([one[at] for one in few])
        ratios = " and ".join(f"{one / other:.2f}" for one, other in zip(ours, beside))
        told.append(f"p50 {1000 * ours[0]:.0f}, p95 {1000 * ours[1]:.0f} ms{words} ({ratios} times)")
    return f"{name}: {'; '.join(told)}"


def _usual(seconds: list[float]) -> tuple[float, float]:
    return statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]


async def keep(engine: Engine) -> int:
    """What the daemon's own job does, in one go."""
    writer, reader, kept = Writer(engine, logging.getLogger("textback.store")), Reader(engine), 0
    writer.start()
    try:
        job = Keeping(reader, writer, PracticeBook(), lambda: NOW, lambda seconds: asyncio.sleep(0))
        while found := await job.round():
            kept += found
        return kept
    finally:
        reader.close()
        await asyncio.to_thread(writer.stop, 60.0)


def made(url: str, count: int, days: int) -> Engine:
    """A database with so many calls, and all days kept that are over."""
    engine = open_engine(url)
    migrations.upgrade(engine)
    with engine.begin() as conn:
        fill(conn, count, days)
    begun = time.perf_counter()
    kept = asyncio.run(keep(engine))
    print(f"{count} calls: {kept} days kept in {time.perf_counter() - begun:.0f} s", flush=True)
    return engine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=365, help="over which they are spread")
    parser.add_argument("--times", type=int, default=60, help="how often each page is opened")
    parser.add_argument("--database", help="the URL of an empty one; else a SQLite file that is removed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        few = made(f"sqlite:///{Path(directory) / 'few.db'}", FEW, given.days)
        many = made(given.database or f"sqlite:///{Path(directory) / 'many.db'}", given.calls, given.days)
        print(f"each page so long, and so many times as long as on {FEW} calls:", flush=True)
        asyncio.run(measure(many, few, given.times))
        print(f"equal to a plain recount in every figure, {compare(many)}")
        for engine in (few, many):
            engine.dispose()


if __name__ == "__main__":
    main()
