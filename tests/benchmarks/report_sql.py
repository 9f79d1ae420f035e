"""The page of reports beside plain SQL for the same figures: ``python -m tests.benchmarks.report_sql``."""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timezone
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from sql.views import DAILY
from tests.benchmarks.office import opened
from tests.benchmarks.reports import DAY, NOW, ZONE, made, open_page
from tests.benchmarks.table import Row, digits, show
from textback.book import PracticeBook
from textback.cli.run import settle
from textback.reports import counted
from textback.reports.rules import day_at, day_span
from textback.store.engine import file_of, reading
from textback.store.report_tables import COUNTED

DAY_LATER = "strftime('%Y-%m-%d %H:%M:%f', {}, '+1 day')"
_FIGURES = f"""
WITH told AS (
    SELECT c.*, m.conversation_id AS talk, m.sent_at, m.status,
        c.disposition IN ('texted', 'abandoned', 'missed') OR c.disposition = 'unreached' AND c.flow = 'missed' AS lost,
        (SELECT min(r.created_at) FROM messages r
         WHERE r.conversation_id = m.conversation_id AND r.direction = 'in'
         AND r.created_at > m.sent_at AND r.created_at <= {DAY_LATER.format('m.sent_at')}) AS replied_at
    FROM calls c LEFT JOIN messages m ON m.id = c.message_id
    WHERE c.started_at >= :since AND c.started_at < :until AND c.disposition IS NOT NULL
)
"""
SUMS = f"""{_FIGURES}
SELECT count(*) AS calls, sum(disposition = 'answered') AS answered, sum(disposition = 'abandoned') AS abandoned,
    sum(disposition = 'abandoned' AND hold_seconds < 5.0) AS abandoned_short, sum(disposition = 'missed') AS missed,
    sum(offered_at IS NOT NULL) AS offers, sum(sent_at IS NOT NULL) AS texted,
    sum(sent_at IS NOT NULL AND status = 'delivered') AS delivered, sum(replied_at IS NOT NULL) AS replied,
    sum(lost) AS lost_callers,
    sum(lost AND (replied_at IS NOT NULL OR EXISTS (
        SELECT 1 FROM calls n WHERE n.caller = told.caller AND n.practice = told.practice
        AND n.disposition = 'answered' AND n.caller LIKE '+%' AND n.started_at > told.started_at
        AND n.started_at <= {DAY_LATER.format('told.ended_at')}))) AS recovered
FROM told
"""
WAITS = f"""{_FIGURES}
SELECT (SELECT min(h.created_at) FROM messages h
    WHERE h.conversation_id = talk AND h.direction = 'out' AND h.author IS NOT NULL AND h.flow IS NULL
    AND h.answer IS NULL AND h.created_at > replied_at
    AND h.created_at <= strftime('%Y-%m-%d %H:%M:%f', replied_at, '+7 days')) AS first, replied_at
FROM told WHERE replied_at IS NOT NULL AND first IS NOT NULL
"""
#: the view that the database has for SQL of one's own: ten of these figures, by UTC days
VIEW = f"SELECT {', '.join(f'sum({key})' for key in DAILY)} FROM recovery_daily WHERE day >= substr(:since, 1, 10)"


def ask(file: Path, since: str, until: str) -> dict[str, int]:
    """The figures of the calls that began in a span of time (UTC, as the database has it), without the trial.

    The waits for the median are only fetched.
    """
    span = {"since": since, "until": until}
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    found = dict(connection.execute(SUMS, span).fetchone())
    found["median_of"] = len(connection.execute(WAITS, span).fetchall())
    connection.close()
    return found


def ask_view(file: Path, since: str) -> None:
    """The same by the view."""
    connection = sqlite3.connect(file)
    assert connection.execute(VIEW, {"since": since}).fetchone()[0]
    connection.close()


async def beside_sql(many: Engine, times: int) -> list[Row]:
    """The page of 30 and of 365 days, and plain SQL for the same figures, in turns; the median of each."""
    rows, file = [], file_of(many)
    assert file is not None
    async with opened(many) as (visited, *_):
        browser = visited.browser()
        await browser.sign_in("root")
        settle()
        for days in (30, 365):
            first, last = day_at(ZONE, NOW - (days - 1) * DAY), day_at(ZONE, NOW)
            since, until = (_text(day_span(ZONE, day)[at]) for at, day in enumerate((first, last)))
            _same_as_sql(many, first, last, ask(file, since, until))
            seconds: dict[str, list[float]] = {"page": [], "SQL": [], "view": []}
            for _ in range(times):
                seconds["page"].append((await open_page(browser, f"/reports?when={days}d")).wall)
                seconds["SQL"].append(_seconds(partial(ask, file, since, until)))
                seconds["view"].append(_seconds(partial(ask_view, file, since)))
            page, sql, view = (statistics.median(found) for found in seconds.values())
            rows += [
                Row(f"{days} days, beside SQL for these figures", page / sql, f"{digits(sql * 1e3)} ms"),
                Row(f"{days} days, beside the view `recovery_daily`", page / view, f"{digits(view * 1e3)} ms"),
            ]
    return rows


def _text(at: float) -> str:
    """A time as a SQLite file has it."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


def _seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _same_as_sql(engine: Engine, first: date, last: date, theirs: dict[str, int]) -> None:
    """Raises where the reports and the plain SQL do not say the same."""
    with reading(engine) as conn:
        directory = PracticeBook()(conn)
        months = [month for one in directory.practices for month in counted(conn, directory, one, first, last)]
    tallies = [tally for month in months for _, tally in month.days()]
    ours = {key: sum(tally.counts[at] for tally in tallies) for at, key in enumerate(COUNTED) if key in theirs}
    ours["median_of"] = sum(len(tally.reply_seconds) for tally in tallies)
    assert ours == theirs, (ours, theirs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="in a year")
    parser.add_argument("--times", type=int, default=5, help="the median of so many turns is taken")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        engine = made(f"sqlite:///{Path(directory) / 'many.db'}", given.calls, 365)
        rows = asyncio.run(beside_sql(engine, given.times))
        engine.dispose()
    show("the page of reports", "times as long as plain SQL", "SQL", rows)


if __name__ == "__main__":
    main()
