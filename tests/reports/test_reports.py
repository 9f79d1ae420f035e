"""The figures equal a plain recount, whether a day is kept or counted from its calls, over every kind of night."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection, Engine, select

from tests.practices import document
from tests.reports.daemon import Daemon
from tests.reports.invented import DAY, HOUR, Invented, histories, recount, write
from textback.book import PracticeBook
from textback.directory import Directory
from textback.reports import counted, not_kept, total
from textback.reports.rules import Rules, day_at, day_span
from textback.store import practices
from textback.store.report_tables import COUNTED
from textback.store.tables import conversations

LINES = [
    {"name": "Front", "number": "+12025550100", "queues": ["support"], "dids": ["+12025550199"]},
    {"name": "Sales", "number": "+12025550200", "queues": ["sales"], "dids": ["+12025550299"]},
]
_talks = select(conversations.c.id, conversations.c.number)
MIN_HOLD = {None: 5.0, "sales": 10.0}
#: The night of a day with 25 hours, of one with 23, and one on which midnight comes twice.
NIGHTS = {
    "America/New_York": (2026, 11, 1),
    "Europe/Berlin": (2026, 3, 29),
    "America/Havana": (2026, 11, 1),
    "Asia/Kolkata": (2026, 6, 1),
}


def clinic(zone: str) -> dict[str, Any]:
    changes = {"practice__timezone": zone, "line": LINES, "abandoned__min_hold": "5s"}
    return document(**changes, abandoned__queue={"sales": {"min_hold": "10s"}})


def begun_at(zone: str) -> int:
    year, month, day = NIGHTS[zone]
    return int(datetime(year, month, day, tzinfo=ZoneInfo(zone)).timestamp()) - DAY


def reported(conn: Connection, directory: Directory, since: float, until: float) -> dict[Any, Any]:
    (practice,) = directory.practices
    zone = practice.timezone
    rows = counted(conn, directory, practice, day_at(zone, since), day_at(zone, until))
    found = {}
    for row in rows:
        for day, tally in row.days():
            counts = {key: count for key, count in zip(COUNTED, tally.counts, strict=True) if count}
            assert (str(day), row.line, row.queue) not in found
            found[str(day), row.line, row.queue] = (counts, tally.reply_seconds)
    return found


def plain(conn: Connection, zone: str, history: Any) -> dict[Any, Any]:
    numbers: dict[int, str] = {row.id: row.number for row in conn.execute(_talks)}
    found = recount(zone, MIN_HOLD, *history, numbers)
    return {at: (dict(counts), sorted(seconds)) for at, (counts, seconds) in found.items()}


@pytest.mark.parametrize("zone", NIGHTS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(4 * DAY))
def test_the_figures_equal_a_plain_recount_before_and_after_they_are_kept(
    engine: Engine, zone: str, history: list[Invented]
) -> None:
    with engine.connect() as conn:
        practices.put(conn, "Riverside", clinic(zone), "test", 0.0)
        begun = begun_at(zone)
        rows = write(conn, begun, "Riverside", history)
        daemon = Daemon(conn)
        directory, expected = daemon.book(conn), plain(conn, zone, rows)
        span = begun - DAY, begun + 6 * DAY
        assert reported(conn, directory, *span) == expected
        for now in (begun + 2 * DAY, begun + 7 * DAY):
            daemon.keep(now)
            assert reported(conn, directory, *span) == expected
        rules = Rules(directory, directory.practices[0])
        if history:
            assert not not_kept(conn, rules, day_at(zone, begun + min(one.at for one in history)), day_at(zone, begun))
        conn.rollback()


def test_a_day_of_each_kind_has_its_hours() -> None:
    lengths = {zone: day_span(zone, datetime(*night).date()) for zone, night in NIGHTS.items()}
    hours = {zone: (until - since) / HOUR for zone, (since, until) in lengths.items()}
    assert hours == {"America/New_York": 25, "Europe/Berlin": 23, "America/Havana": 25, "Asia/Kolkata": 24}


def test_nothing_is_kept_of_a_day_that_still_changes_by_itself(engine: Engine) -> None:
    with engine.begin() as conn:
        practices.put(conn, "Riverside", clinic("UTC"), "test", 0.0)
        begun = begun_at("Asia/Kolkata") // DAY * DAY
        call = Invented(HOUR, 60, 60.0, "+12025550111", ("support", None), "missed", False, None, False, ())
        write(conn, begun, "Riverside", [call])
        daemon = Daemon(conn)
        assert daemon.keep(begun + DAY + 4500 - 1) == 0
        assert daemon.keep(begun + DAY + 4500) == 1
        assert daemon.keep(begun + DAY + 4560) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"practice__timezone": "America/New_York"},
        {"abandoned__min_hold": "90s"},
        {"line": [LINES[0] | {"queues": []}, LINES[1] | {"queues": ["sales", "support"]}]},
    ],
)
def test_what_was_kept_by_other_settings_is_counted_anew(engine: Engine, change: dict[str, Any]) -> None:
    with engine.begin() as conn:
        practices.put(conn, "Riverside", document(line=LINES, practice__timezone="UTC"), "test", 0.0)
        begun = begun_at("Asia/Kolkata") // DAY * DAY
        call = Invented(HOUR, 60, 60.0, "+12025550111", ("support", None), "abandoned", False, None, False, ())
        write(conn, begun, "Riverside", [call])
        daemon = Daemon(conn)
        assert daemon.keep(begun + 3 * DAY) == 2
        before = reported(conn, daemon.book(conn), begun - DAY, begun + DAY)
        practices.put(conn, "Riverside", document(**({"line": LINES, "practice__timezone": "UTC"} | change)), "t", 1.0)
        after = reported(conn, daemon.book(conn), begun - DAY, begun + DAY)
        assert daemon.keep(begun + 3 * DAY) >= 2
        assert reported(conn, daemon.book(conn), begun - DAY, begun + DAY) == after != before


def test_a_span_without_calls_has_no_figures(engine: Engine) -> None:
    with engine.begin() as conn:
        practices.put(conn, "Riverside", clinic("UTC"), "test", 0.0)
        directory = PracticeBook()(conn)
        first = day_at("UTC", 0.0)
        rows = counted(conn, directory, directory.practices[0], first, first)
        assert (rows, total(rows)["calls"], total(rows).median_reply) == ([], 0, None)
