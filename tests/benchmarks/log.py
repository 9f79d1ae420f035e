"""The log of calls, filtered and searched, beside a plain SELECT for them: ``python -m tests.benchmarks.log``."""

from __future__ import annotations

import argparse
import asyncio
import html
import re
import sqlite3
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import unquote

from sqlalchemy import Engine

from tests.benchmarks.office import opened
from tests.benchmarks.pages import MIDDLE, databases
from tests.benchmarks.table import Row, digits, show
from tests.benchmarks.years import END, DAY, number
from tests.web.browser import Browser
from textback.cli.run import settle
from textback.store.engine import file_of

COLUMNS = "c.id, c.practice, c.caller, c.caller_name, c.queue, c.started_at, c.disposition, c.why, m.status"
SELECT = f"SELECT {COLUMNS} FROM calls c LEFT JOIN messages m ON m.id = c.message_id"
NEWEST = "ORDER BY c.started_at DESC, c.id DESC LIMIT 50"
NAMED = """LEFT JOIN contacts k ON k.practice = c.practice AND k.number = c.caller
WHERE c.caller_name LIKE '%{0}%' OR k.first_name LIKE '%{0}%' OR k.last_name LIKE '%{0}%'"""
HERS = "WHERE c.practice = 'Riverside'"
_shown = re.compile(r'href="/calls/([^"?]+)"')


class Look(NamedTuple):
    """A page that somebody opens, and the SQL for it; ``is_same``: both find the same calls."""

    what: str
    who: str
    query: str
    sql: str
    is_same: bool = True


LOOKS = (
    Look("all calls", "root", "", ""),
    Look("all, from a year ago on", "root", MIDDLE, "WHERE c.started_at <= '{}'"),
    Look("of one practice", "dana", "", HERS),
    Look("missed", "dana", "ended=missed", f"{HERS} AND c.disposition = 'missed'"),
    Look("of one queue", "dana", "queue=queue+1", f"{HERS} AND c.queue = 'queue 1'"),
    Look("text held", "dana", "text=held", f"{HERS} AND m.status = 'held'"),
    Look("text delivered", "dana", "text=delivered", f"{HERS} AND m.status = 'delivered'"),
    Look("of one number, all practices", "root", "q=%2B12022000777", f"WHERE c.caller = '{number(777)}'"),
    Look("by the last digits", "root", "q=0007", "WHERE c.caller LIKE '%0007'"),
    Look("by a name that many have", "root", "q=Maria", NAMED.format("Maria"), False),
    Look("by a rare name", "root", "q=Quintessa", NAMED.format("Quintessa"), False),
    Look("by a name that nobody has", "root", "q=Xylophone", NAMED.format("Xylophone"), False),
)


async def measure(engine: Engine, times: int) -> list[Row]:
    """Page and SELECT in turns; the median of each."""
    file = file_of(engine)
    assert file is not None
    connection, rows = sqlite3.connect(file), []
    before = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.gmtime(END - 365 * DAY))
    async with opened(engine) as (visited, *_):
        browsers = {who: visited.browser() for who in ("root", "dana")}
        for who, browser in browsers.items():
            await browser.sign_in(who)
        settle()
        for look in LOOKS:
            select = partial(_rows, connection, f"{SELECT} {look.sql.format(before)} {NEWEST}")
            pages, selects = await compared(browsers[look.who], look, select, times)
            rows.append(Row(look.what, pages / selects, f"{digits(selects * 1e3)} ms"))
    connection.close()
    return rows


def _rows(connection: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


async def compared(
    browser: Browser, look: Look, select: Callable[[], list[tuple[Any, ...]]], times: int
) -> tuple[float, float]:
    """Seconds of the page and of the SELECT; raises where they do not find the same."""
    seconds: tuple[list[float], list[float]] = [], []
    for _ in range(times):
        begun = time.perf_counter()
        answer = await browser.get(f"/calls?{look.query}")
        between = time.perf_counter()
        found = select()
        seconds[0].append(between - begun)
        seconds[1].append(time.perf_counter() - between)
    theirs = {row[0] for row in found}
    ours = {unquote(html.unescape(one)) for one in _shown.findall(answer.body)}
    assert ours == theirs or not look.is_same, (look, sorted(ours ^ theirs))
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=1_000_000)
    options.add_argument("--times", type=int, default=10, help="the median of so many turns is taken")
    options.add_argument("--keep", help="a folder where the database is kept")
    chosen = options.parse_args()
    chosen.database = None
    with databases(chosen) as (many, _):
        rows = asyncio.run(measure(many, chosen.times))
    show("the log of calls", "times as long as a SELECT", "SELECT", rows)


if __name__ == "__main__":
    main()
