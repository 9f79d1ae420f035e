"""After the calls of old days were deleted, the reports of those days say what they said, whatever comes then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, insert, select, update

from tests.practices import document
from tests.reports.daemon import Daemon
from tests.reports.invented import DAY, HOUR, Invented, histories, write
from tests.reports.test_reports import NIGHTS, begun_at, clinic, reported
from textback.reports import keep_day, rules_of
from textback.reports.sealing import behind, keep, seal
from textback.store import practices
from textback.store.report_tables import report_changes, report_days
from textback.store.seals import OPEN, seal_of
from textback.store.tables import calls, conversations, messages

ZONE = "America/New_York"
BEGUN = int(datetime(2026, 6, 1, tzinfo=ZoneInfo(ZONE)).timestamp())


def call(at: int, number: str = "+12025550111", end: str = "abandoned") -> Invented:
    said = ((HOUR, "in"), (2 * HOUR, "staff"))
    return Invented(at, 60, 60.0, number, ("support", None), end, False, (5, True), False, said)


HISTORY = [call(HOUR), call(DAY + HOUR), call(2 * DAY + HOUR, end="missed"), call(3 * DAY + HOUR, end="answered")]


def purge(conn: Connection, until: float) -> None:
    conn.execute(delete(calls).where(calls.c.started_at < until))
    conn.execute(delete(messages).where(messages.c.created_at < until))


class Clinic:
    """A practice whose days are kept and sealed at any time."""

    def __init__(self, conn: Connection, history: list[Invented] = HISTORY, zone: str = ZONE, begun: int = BEGUN):
        practices.put(conn, "Riverside", clinic(zone), "test", 0.0)
        write(conn, begun, "Riverside", history)
        self.conn, self.zone, self.begun = conn, zone, begun
        self.daemon = Daemon(conn)

    def reported(self, days: int = 12) -> dict[Any, Any]:
        return reported(self.conn, self.daemon.book(self.conn), self.begun - DAY, self.begun + days * DAY)

    def seal(self, before: float, now: float | None = None, is_kept: bool = True) -> float:
        """Seal what ends by then; ``is_kept``: having kept the days."""
        directory, now = self.daemon.book(self.conn), now or self.begun + 20.0 * DAY
        (practice,) = directory.practices
        for day in behind(self.conn, directory, practice, before, now) if is_kept else ():
            keep(self.conn, directory, practice, day, now)
        return seal(self.conn, directory, practice, before, now)

    @property
    def calls(self) -> int:
        return sum(counts["calls"] for counts, _ in self.reported().values())


@pytest.fixture
def there(engine: Engine) -> Iterator[Clinic]:
    with engine.connect() as conn:
        yield Clinic(conn)
        conn.rollback()


@pytest.mark.parametrize("zone", NIGHTS)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(4 * DAY), after=st.integers(0, 6 * DAY))
def test_after_calls_before_a_day_were_deleted_the_report_says_what_it_said(
    engine: Engine, zone: str, history: list[Invented], after: int
) -> None:
    with engine.connect() as conn:
        there = Clinic(conn, history, zone, begun_at(zone))
        before = there.reported()
        until = there.seal(there.begun + after)
        assert there.begun + after - DAY - HOUR <= until <= there.begun + after
        purge(conn, until)
        assert there.reported() == before
        there.daemon.keep(there.begun + 20 * DAY)
        assert there.reported() == before
        conn.rollback()


def test_without_a_seal_it_would_forget_them(there: Clinic) -> None:
    assert there.calls == 4
    there.daemon.keep(BEGUN + 20 * DAY)
    there.conn.execute(delete(calls).where(calls.c.id == "main/1"))
    assert there.calls == 4
    there.conn.execute(insert(report_changes).values(practice="Riverside", day="2026-06-02", changes=1))
    assert there.calls == 3


@pytest.mark.parametrize("is_kept", [True, False])
def test_nothing_is_sealed_that_is_not_kept(there: Clinic, is_kept: bool) -> None:
    """But for the time before the first call, of which there is nothing to keep."""
    day, until = ("2026-06-03", BEGUN + 2 * DAY) if is_kept else ("2026-06-01", BEGUN)
    assert there.seal(BEGUN + 2.5 * DAY, is_kept=is_kept) == until
    assert seal_of(there.conn, "Riverside") == (day, until)


def test_a_practice_without_calls_can_be_sealed(engine: Engine) -> None:
    with engine.connect() as conn:
        there = Clinic(conn, [])
        assert seal_of(conn, "Riverside") == OPEN
        assert there.seal(BEGUN + 2.5 * DAY) == BEGUN + 2 * DAY
        conn.rollback()


def test_it_ends_before_a_day_that_has_changed_since(there: Clinic) -> None:
    there.daemon.keep(BEGUN + 20 * DAY)
    there.conn.execute(insert(report_changes).values(practice="Riverside", day="2026-06-03", changes=1))
    # the 3rd in UTC began in the evening of the 2nd
    assert there.seal(BEGUN + 3 * DAY, is_kept=False) == BEGUN + DAY


def test_a_day_that_is_not_over_is_not_sealed(there: Clinic) -> None:
    assert there.seal(BEGUN + 9 * DAY, now=BEGUN + 2 * DAY + 4500.0 - 1) == BEGUN + DAY
    assert there.seal(BEGUN + 9 * DAY, now=BEGUN + 2 * DAY + 4500.0) == BEGUN + 2 * DAY


def test_a_seal_never_goes_back(there: Clinic) -> None:
    assert there.seal(BEGUN + 3 * DAY) == BEGUN + 3 * DAY
    for before in (BEGUN, BEGUN + 3 * DAY, BEGUN + 3.9 * DAY):
        assert there.seal(before) == BEGUN + 3 * DAY


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("hour", [1, 4, 12, 20, 23])
def test_a_zone_that_is_chosen_later_neither_loses_calls_nor_counts_them_twice(
    engine: Engine, zone: str, hour: int
) -> None:
    with engine.connect() as conn:
        there = Clinic(conn, [call(day * DAY + hour * HOUR) for day in range(8)])
        until = there.seal(BEGUN + 4 * DAY)
        purge(conn, until)
        practices.put(conn, "Riverside", clinic(zone), "test", 1.0)
        assert there.calls == 8
        there.daemon.keep(BEGUN + 20 * DAY)
        assert there.calls == 8
        assert there.seal(BEGUN + 6 * DAY) > until
        purge(conn, seal_of(conn, "Riverside").at)
        assert there.calls == 8
        conn.rollback()


def test_other_settings_change_nothing_in_days_that_are_sealed(there: Clinic) -> None:
    before = there.reported()
    there.seal(BEGUN + 10 * DAY)
    purge(there.conn, BEGUN + 10 * DAY)
    changed = document(practice__timezone=ZONE, abandoned__min_hold="90s")
    practices.put(there.conn, "Riverside", changed, "test", 1.0)
    assert there.reported() == before
    assert there.daemon.keep(BEGUN + 20 * DAY) == 0


def test_what_comes_late_changes_nothing_in_days_that_are_sealed(there: Clinic) -> None:
    before = there.reported()
    there.seal(BEGUN + 2 * DAY)
    there.conn.execute(update(messages).values(status="failed"))
    there.conn.execute(insert(report_changes).values(practice="Riverside", day="2026-06-01", changes=1))
    after = there.reported()
    sealed = {key for key in before if key[0] < "2026-06-03"}
    assert {key: after[key] for key in sealed} == {key: before[key] for key in sealed}
    assert after != before


def test_a_day_that_somebody_counted_before_the_seal_is_not_kept_after_it(there: Clinic) -> None:
    there.daemon.keep(BEGUN + 20 * DAY)
    directory = there.daemon.book(there.conn)
    rules = rules_of(there.conn, directory, directory.practices[0])
    counted_before = there.reported()
    late = keep_day(there.conn, rules, date(2026, 6, 1))
    there.seal(BEGUN + 2 * DAY)
    there.conn.execute(update(report_days).values(counted_at=1.0))
    late(there.conn, 2.0)
    assert set(there.conn.execute(select(report_days.c.counted_at)).scalars()) == {1.0}
    assert there.reported() == counted_before


def test_erasing_who_somebody_was_changes_no_figure_where_one_made_up_number_stands_for_them(there: Clinic) -> None:
    before, name = there.reported(), "+000000000000001"
    there.conn.execute(update(calls).values(caller=name, caller_name=None, caller_tail=None, story=None))
    there.conn.execute(update(conversations).values(number=name))
    there.conn.execute(update(messages).values(body="", to_number=name))
    assert there.reported() == before
    assert there.daemon.keep(BEGUN + 20 * DAY) > 0
    assert there.reported() == before
