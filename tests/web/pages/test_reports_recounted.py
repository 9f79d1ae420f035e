"""What a report shows is a plain recount of its days, line and queue, to the unit, whatever of it was kept."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from statistics import median
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from tests.practices import document
from tests.reports.daemon import Daemon
from tests.reports.invented import DAY, Invented, Key, histories, recount, write
from textback.model import Role, Staff
from textback.store import practices
from textback.store.report_tables import COUNTED
from textback.store.tables import conversations
from textback.web.pages.report_asks import NO_QUEUE
from textback.web.pages.reports import Report, look

ZONE, BEGUN = "America/New_York", 1_793_419_200  # 2026-10-31 00:00 there, and a night of 25 hours
LINES = [
    {"name": "Front", "number": "+12025550100", "queues": ["support"], "dids": ["+12025550199"]},
    {"name": "Sales", "number": "+12025550200", "queues": ["sales"], "dids": ["+12025550299"]},
]
ROOT = Staff(1, "root", "Root", Role.ADMIN, None)
_talks = select(conversations.c.id, conversations.c.number)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=histories(6 * DAY),
    kept_until=st.integers(0, 9),
    first=st.integers(0, 7),
    length=st.sampled_from([1, 2, 5, 8, 100]),
    line=st.sampled_from(["", "+12025550100", "+12025550200"]),
    queue=st.sampled_from(["", "support", "sales", NO_QUEUE]),
)
def test_every_figure_of_the_page(
    engine: Engine, history: list[Invented], kept_until: int, first: int, length: int, line: str, queue: str
) -> None:
    since = date(2026, 10, 31) + timedelta(first)
    until = since + timedelta(length - 1)
    query = {"from": str(since), "to": str(until), "line": line, "queue": queue}
    with engine.connect() as conn:
        about: dict[str, Any] = {"practice__timezone": ZONE, "abandoned__min_hold": "5s"}
        practices.put(conn, "Riverside", document(**about, line=LINES), "test", 0.0)
        rows = write(conn, BEGUN, "Riverside", history)
        numbers: dict[int, str] = {row.id: row.number for row in conn.execute(_talks)}
        daemon = Daemon(conn)
        daemon.keep(BEGUN + kept_until * DAY)
        report = look(conn, daemon.book(conn), ROOT, query, BEGUN + 16.0 * DAY)
        conn.rollback()
    wanted = {"" if queue == NO_QUEUE else queue} if queue else {"", "support", "sales"}
    found = {
        key: told
        for key, told in recount(ZONE, {None: 5.0}, *rows, numbers).items()
        if str(since) <= key[0] <= str(until) and line in ("", key[1]) and key[2] in wanted
    }
    assert shown(report) == expected(found)


def shown(report: Report) -> Any:
    by_queue, by_line = report.tables[-1], report.tables[-2]
    names = {"No queue": "", "Front": "+12025550100", "Sales": "+12025550200"}
    tables = [{names.get(name, name): told(one) for name, one in table.rows} for table in (by_line, by_queue)]
    drawn = {series.name: sum(series.values) for plot, _ in report.plots for series in plot.series}
    return told(report.total), tables, drawn


def told(one: Any) -> tuple[dict[str, int], float | None]:
    return {key: one[key] for key in COUNTED if one[key]}, one.median_reply


def expected(found: dict[Key, tuple[Counter[str], list[int]]]) -> Any:
    whole = added(found, lambda key: "")
    counts = found and whole[""][0] or {}
    number = Counter(counts)
    drawn = {key: number[key] for key in ("answered", "abandoned", "missed", "recovered")}
    drawn["other ends"] = number["calls"] - number["answered"] - number["abandoned"] - number["missed"]
    drawn["not recovered"] = number["lost_callers"] - number["recovered"]
    return whole.get("", ({}, None)), [added(found, lambda key: key[1]), added(found, lambda key: key[2])], drawn


def added(found: dict[Key, tuple[Counter[str], list[int]]], by: Any) -> dict[str, tuple[dict[str, int], float | None]]:
    counts: dict[str, Counter[str]] = {}
    waits: dict[str, list[int]] = {}
    for key, (told, seconds) in found.items():
        counts.setdefault(by(key), Counter()).update(told)
        waits.setdefault(by(key), []).extend(seconds)
    return {name: (dict(one), float(median(waits[name])) if waits[name] else None) for name, one in counts.items()}
