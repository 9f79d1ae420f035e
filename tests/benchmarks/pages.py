"""Every page on two years of calls, beside the same on 1,000 calls: ``python -m tests.benchmarks.pages``."""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import Engine, event, inspect

from tests.benchmarks.office import opened
from tests.benchmarks.years import BEGIN, DAY, END, OLD_QUEUE, PEOPLE, RARE_QUEUE, build, number
from tests.web.browser import Browser
from textback.cli.run import settle
from textback.store.engine import open_engine
from textback.web.pages.call_filters import ENDINGS, TEXTS

FEW = 1_000
#: rows that a step of a plan may go through
MANY_ROWS = 2_000
MIDDLE = f"before={END - 365 * DAY!r}~x"
#: tables that grow without end
BIG = ("calls", "messages", "conversations", "contacts", "audit", "notes")
# A sort of what an index gives with the same key (RIGHT PART) is one of few rows.
_steps = re.compile(rf"^SCAN ({'|'.join(BIG)})\b(?! USING (?:COVERING )?INDEX)|^USE TEMP B-TREE FOR (?!RIGHT)")


class Opened(NamedTuple):
    """A page that somebody opens; ``first``: only until its first bytes come."""

    who: str
    target: str
    first: bool = False


def logs() -> list[str]:
    """The log by each filter, by those that go together, and from the middle of it."""
    found = ["", MIDDLE, f"before={BEGIN + DAY!r}~x", "when=today", "when=30d", "from=2025-03-01&to=2025-03-02"]
    found += [f"ended={ending}" for ending in ENDINGS if ending]
    found += [f"text={state}" for state in TEXTS if state]
    found += [f"queue={quote(queue)}" for queue in ("queue 1", RARE_QUEUE, OLD_QUEUE, "nowhere")]
    found += ["show=needs", "show=needs&ended=missed", "show=needs&text=held", f"show=needs&{MIDDLE}"]
    found += [f"ended=lost&{MIDDLE}", f"ended=missed&text=none&{MIDDLE}", f"text=replied&{MIDDLE}"]
    found += ["ended=unanswered&text=replied", "ended=answered&text=replied", "ended=abandoned&queue=queue+1&when=30d"]
    found += [f"queue={RARE_QUEUE}&ended=missed", "queue=queue+1&text=held", "ended=unanswered&text=delivered&when=30d"]
    found += [f"queue={OLD_QUEUE}&text=sent", "text=held&when=today"]
    found += ["text=not_delivered&from=2025-03-01&to=2025-03-02"]
    found += ["text=replied&from=2025-03-01&to=2025-03-02&ended=lost", "text=none&ended=texted", "text=sent&queue=vip"]
    found += [f"q={quote(words)}" for words in SEARCHES]
    found += ["q=Maria&ended=missed", f"q={quote(number(3))}&ended=lost", "q=0007&text=replied"]
    return found


#: a busy number, one of few calls, digits of many, of a busy one and of nobody, names of nobody, three and many
SEARCHES = (number(3), number(777), "7777", "0003", "2000003", "12099", "Xylophone", "Quintessa", "Maria")
SEARCHES += ("Maria O'Brien",)
_MORE = ["", "&with=me", "&with=nobody", f"&{MIDDLE.replace('~x', '~5')}"]
_MORE += [f"&q={quote(words)}" for words in SEARCHES[:9:2]]
BOXES = [f"state={state}{more}" for state in ("open", "snoozed", "closed") for more in _MORE]


def every() -> list[Opened]:
    """All pages, by all people."""
    found = [Opened(who, f"/calls?{query}") for who in PEOPLE for query in logs()]
    found += [Opened("root", f"/calls?practice={name}{more}") for name in ("Few", "New", "Harbor") for more in MORE]
    found += [Opened(who, f"/inbox?{query}") for who in PEOPLE for query in BOXES]
    found += [Opened("root", f"/inbox?practice={quote(name)}") for name in ("Clinic A", "Clinic B", "New")]
    found += [Opened("dana", "/calls/main/3"), Opened("root", "/calls/main/3"), Opened("root", "/conversations/30")]
    found += [Opened("dana", "/conversations/1"), Opened("dana", f"/conversations/1?before={END - 365 * DAY!r}")]
    sheets = ("", "ended=lost", "text=held")
    found += [Opened(who, f"/calls.csv?{query}", True) for who in ("dana", "root") for query in sheets]
    return found


MORE = ("", "&ended=lost", "&text=held", "&text=replied", "&queue=vip", "&show=needs", "&text=none", "&when=30d")


class Measured(NamedTuple):
    """Seconds that a page took, on many calls and on few; and the steps of its queries that read too much."""

    page: Opened
    many: list[float]
    few: list[float]
    #: seconds of a core
    cpu: list[float]
    plans: list[str]

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.many, n=20)[-1]


async def measure(many: Engine, few: Engine, wanted: Sequence[Opened], times: int) -> list[Measured]:
    """Each page so many times on both, in turn."""
    async with AsyncExitStack() as stack:
        there = [(await stack.enter_async_context(opened(engine)))[0] for engine in (many, few)]
        doors = {who: [visited.browser() for visited in there] for who in PEOPLE}
        for browsers in doors.values():
            for browser in browsers:
                await browser.sign_in(next(who for who, theirs in doors.items() if theirs is browsers))
        settle()
        found = []
        for page in wanted:
            one = Measured(page, [], [], [], [])
            with plans(many, one.plans):
                await _open(doors[page.who][0], page)
            for _ in range(times):
                begun = time.process_time()
                one.many.append(await _open(doors[page.who][0], page))
                one.cpu.append(time.process_time() - begun)
                one.few.append(await _open(doors[page.who][1], page))
            found.append(one)
            print(_told(one), flush=True)
        return found


async def _open(browser: Browser, page: Opened) -> float:
    begun = time.perf_counter()
    if page.first:
        await _begin(browser, page.target)
    else:
        answer = await browser.get(page.target)
        assert answer.status in (200, 404), (answer.status, page)
    return time.perf_counter() - begun


async def _begin(browser: Browser, target: str) -> None:
    """Until the first line after the one with the names of the columns."""
    reader, writer = await browser.there.site.connect()
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(4):  # the length of a chunk, the names, the end of the chunk, the length of the next
        await reader.readline()
    await reader.readline()
    writer.close()


def _told(one: Measured) -> str:
    many, few = statistics.median(one.many), statistics.median(one.few)
    cpu = statistics.median(one.cpu)
    figures = f"{many * 1000:7.1f} {one.p95 * 1000:7.1f} ms {cpu * 1000:7.1f} ms {many / few:6.1f} times"
    steps = [f"{'':38}{times} x {step}" for step, times in Counter(one.plans).items()]
    return "\n".join([f"{figures}  {one.page.who:5} {one.page.target}", *steps])


@contextmanager
def plans(engine: Engine, found: list[str]) -> Iterator[None]:
    """What of the plans of all queries reads a whole big table, or sorts."""
    asked: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
    look = _run if engine.dialect.name == "postgresql" else _plan
    with engine.connect() as connection:
        for statement, parameters in asked:
            if statement.startswith("EXPLAIN"):
                continue
            found += look(connection, statement, parameters)


def _plan(connection: Any, statement: str, parameters: Any) -> list[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    steps = [str(row[-1]) for row in rows]
    return [step for step in steps if _steps.search(step)]


def _run(connection: Any, statement: str, parameters: Any) -> list[str]:
    """PostgreSQL tells what it read: the steps that went through many rows, and gave few of them, or sorted them."""
    options = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)"
    ((plan,),) = connection.exec_driver_sql(f"{options} {statement}", parameters).scalars().all()
    return list(_through_many(plan["Plan"]))


def _through_many(step: dict[str, Any]) -> Iterator[str]:
    gone = sum(int(step.get(f"Rows Removed by {by}", 0)) for by in ("Filter", "Index Recheck", "Join Filter"))
    read = round((step["Actual Rows"] + gone) * step["Actual Loops"])
    given = step["Actual Rows"] * step["Actual Loops"]
    kind = step["Node Type"]
    is_wasted = read > MANY_ROWS and read > 20 * given
    is_all = kind in ("Seq Scan", "Sort", "Bitmap Heap Scan", "Hash") and read > MANY_ROWS
    if is_wasted or is_all:
        yield f"{kind} {step.get('Relation Name', '')} {step.get('Index Name', '')}: {read} rows"
    for inner in step.get("Plans", ()):
        yield from _through_many(inner)


@contextmanager
def databases(chosen: argparse.Namespace) -> Iterator[tuple[Engine, Engine]]:
    """The two databases; the large one is kept where ``--keep`` says, or at a server, and made only once."""
    if chosen.database:
        there = open_engine(chosen.database), open_engine(chosen.beside)
        for engine, count in zip(there, (chosen.calls, FEW)):
            if not inspect(engine).has_table("calls"):
                build(engine, count)
        yield there
        return
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(chosen.keep or folder)
        many, few = kept / f"{chosen.calls}.db", Path(folder) / "few.db"
        is_there = many.exists()
        engines = open_engine(f"sqlite:///{many}"), open_engine(f"sqlite:///{few}")
        if not is_there:
            build(engines[0], chosen.calls)
        build(engines[1], FEW)
        yield engines
        for engine in engines:
            engine.dispose()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=1_000_000)
    options.add_argument("--times", type=int, default=20, help="how often each page is opened")
    options.add_argument("--only", default="", help="pages with this in their address, or of this user")
    options.add_argument("--database", help="the URL of an empty database of a server, and of another one:")
    options.add_argument("--beside", help="for the 1,000 calls")
    options.add_argument("--keep", help="a folder where the large database is kept")
    chosen = options.parse_args()
    wanted = [page for page in every() if chosen.only in (page.who, "") or chosen.only in page.target]
    print("    p50     p95    CPU p50    beside 1,000 calls")
    with databases(chosen) as (many, few):
        found = asyncio.run(measure(many, few, wanted, chosen.times))
    slow = sorted((one for one in found if one.p95 > 0.1), key=lambda one: -one.p95)
    ratios = sorted(statistics.median(one.many) / statistics.median(one.few) for one in found)
    middle = ratios[len(ratios) // 2]
    print(f"{len(found)} pages, {len(slow)} of them over 100 ms at p95; beside 1,000 calls median {middle:.2f} times")
    for one in slow:
        print(_told(one).splitlines()[0])


if __name__ == "__main__":
    main()
