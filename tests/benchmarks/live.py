"""200 open pages while 20 events a second are written: ``python -m tests.benchmarks.live``."""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert, update

from tests.benchmarks.office import opened
from tests.benchmarks.years import END, PEOPLE, build, line, number
from tests.web.browser import Browser
from textback.store import tiles
from textback.store.engine import open_engine
from textback.store.tables import calls, messages
from textback.store.writer import Writer
from textback.web.pages.live import Live

LISTS = ["/live/calls", "/live/inbox", "/live/calls?show=needs", "/live/inbox?with=me", "/live/calls?ended=missed"]
#: conversations of the first practice, which its own people and the admin have open
THREADS = 30
WATCHING = ("dana", "pat", "root")
_serial = iter(range(1_000_000_000))


@dataclass
class Heard:
    """What was committed when, how long each page took to tell it (seconds), and what all pages were told."""

    pending: list[str] = field(default_factory=list)
    committed: dict[str, float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    connected: int = 0
    messages: int = 0
    size: int = 0


def targets(count: int) -> Iterator[tuple[str, str]]:
    """Who has what open: a list, or, of those who see them, every third time a conversation."""
    people, lists, threads = cycle(PEOPLE), cycle(LISTS), cycle(range(2, 2 + THREADS))
    for place in range(count):
        who = next(people)
        is_thread = who in WATCHING and place % 3 == 0
        yield who, f"/live/conversations/{next(threads)}" if is_thread else next(lists)


async def watch(browser: Browser, target: str, heard: Heard) -> None:
    """A page that is open until it is cancelled."""
    reader, writer = await browser.there.site.connect()
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    host = f"127.0.0.1:{browser.there.site.port}"
    head = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nAccept: text/event-stream\r\n\r\n"
    writer.write(head.encode())
    assert b" 200 " in await reader.readline()
    await reader.readuntil(b"event: unread")
    heard.connected += 1
    known: set[str] = set()
    try:
        while piece := await reader.read(1 << 20):
            heard.messages += piece.count(b"event: change")
            heard.size += len(piece)
            # a call is new to the whole log only; it is told once more when it ends
            new = {part.partition(b'"')[0].decode() for part in piece.split(b'"key": "live/')[1:]} - known
            known |= new
            if target == "/live/calls":
                heard.delays += [time.monotonic() - heard.committed[call] for call in new if call in heard.committed]
    finally:
        writer.close()


def arrive(conn: Connection, heard: Heard) -> None:
    """Somebody calls."""
    call, caller = str(next(_serial)), number(random.randrange(2, 20_000))
    row: dict[str, Any] = {"id": f"live/{call}", "pbx": "live", "practice": "Riverside", "caller": caller}
    row |= {"caller_tail": caller[-4:], "did": line("Riverside"), "queue": "queue 1", "voicemail": False}
    conn.execute(insert(calls), row | {"started_at": END + 1.0 + int(call) / 1000, "backfilled": False})
    heard.pending.append(call)


def leave(conn: Connection, heard: Heard) -> None:
    """Somebody gives up."""
    call = calls.c.id == f"live/{random.choice(list(heard.committed) or [''])}"
    conn.execute(update(calls).where(call).values(disposition="missed", needs_since=END + 1.0, ended_at=END + 2.0))


def reply(conn: Connection, heard: Heard) -> None:
    """Somebody answers a text."""
    serial, thread = next(_serial), random.randrange(2, 2 + THREADS)
    at = END + 1.0 + serial / 1000
    row: dict[str, Any] = {"id": f"live/{serial}", "conversation_id": thread, "practice": "Riverside", "attempts": 0}
    row |= {"direction": "in", "to_number": line("Riverside"), "from_number": number(thread - 1), "segments": 1}
    row |= {"body": "Can I come on Friday?", "encoding": "GSM-7", "status": "received", "priority": 1}
    conn.execute(insert(messages), row | {"created_at": at, "due_at": at})
    tiles.reply_came(conn, thread, at)


async def write(writer: Writer, heard: Heard, rate: float, seconds: float) -> None:
    """So many events a second, of which each third is a call that comes."""
    begun, kinds = time.monotonic(), cycle((arrive, leave, reply))
    for number_ in range(int(rate * seconds)):
        await asyncio.sleep(begun + number_ / rate - time.monotonic())
        writer.submit(lambda conn, kind=next(kinds): kind(conn, heard))  # type: ignore[misc]


def note_commits(writer: Writer, live: Live, heard: Heard) -> None:
    def committed() -> None:
        now = time.monotonic()
        while heard.pending:
            heard.committed[heard.pending.pop()] = now
        live.stir()

    writer.on_commit = committed


async def measure(engine: Engine, chosen: argparse.Namespace) -> None:
    """Open the pages, let it rest, and write."""
    heard, stop = Heard(), asyncio.Event()
    async with opened(engine) as (there, live, writer):
        running = asyncio.create_task(live.run(stop))
        note_commits(writer, live, heard)
        before = _memory()
        browsers = {who: there.browser() for who in PEOPLE}
        for who, browser in browsers.items():
            await browser.sign_in(who)
        pages = [asyncio.create_task(watch(browsers[who], to, heard)) for who, to in targets(chosen.pages)]
        while heard.connected < chosen.pages:
            await asyncio.sleep(0.1)
        print(f"{live.listeners} pages are open; memory {before:.0f} MB before, {_memory():.0f} MB now")
        await _during(asyncio.sleep(chosen.seconds / 3), "nothing is written")
        await _during(write(writer, heard, chosen.rate, chosen.seconds), f"{chosen.rate:.0f} events a second")
        await asyncio.sleep(10)
        told = sorted(heard.delays)
        p50, p95 = (told[int(len(told) * part)] for part in (0.5, 0.95))
        print(f"from commit to page: p50 {p50:.2f} s, p95 {p95:.2f} s, at most {told[-1]:.2f} s ({len(told)} times)")
        print(f"{heard.messages} messages, {heard.size / 1e6:.1f} MB; memory {_memory():.0f} MB")
        for page in pages:
            page.cancel()
        stop.set()
        await running


async def _during(doing: Any, what: str) -> None:
    wall, cpu = time.monotonic(), time.process_time()
    await doing
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    if what:
        print(f"{what}: {cpu / wall:.0%} of a core, the pages' own reading included")


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=200)
    options.add_argument("--rate", type=float, default=20.0, help="events a second")
    options.add_argument("--seconds", type=float, default=30.0)
    options.add_argument("--calls", type=int, default=100_000, help="calls in the database before")
    options.add_argument("--database", help="a SQLite file that tests.benchmarks.pages made; a copy of it is used")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "textback.db"
        engine = open_engine(f"sqlite:///{path}")
        if chosen.database:
            shutil.copy(chosen.database, path)
        else:
            build(engine, chosen.calls)
        asyncio.run(measure(engine, chosen))
        engine.dispose()


if __name__ == "__main__":
    main()
