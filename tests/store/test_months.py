"""A month gives back each of its days as it was put in, and leaves out those that it is asked to."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from textback.store.months import DayCount, daily, empty
from textback.store.report_tables import COUNTED, report_months

_counts = st.tuples(st.integers(1, 10**6), *[st.integers(0, 10**6)] * (len(COUNTED) - 1))
_day = st.builds(DayCount, _counts, st.lists(st.integers(0, 604_800), max_size=5).map(lambda some: tuple(sorted(some))))
_days = st.dictionaries(st.integers(1, 31), _day, max_size=31)
JULY = empty("Riverside", "2026-07", "+12025550100", "support")
NOTHING = DayCount((0,) * len(COUNTED))


@given(_days, _days, st.sets(st.integers(1, 31)))
def test_a_day_is_what_was_put_in_last(first: dict[int, DayCount], second: dict[int, DayCount], kept: set[int]) -> None:
    month = JULY
    for number, day in [*first.items(), *second.items()]:
        month = month.with_day(number, day)
    expected = first | second
    found = {day: DayCount(tally.counts, tuple(tally.reply_seconds)) for day, tally in month.days()}
    assert found == {date(2026, 7, number): day for number, day in expected.items()}
    only = {day.day for day, _ in month.only(kept).days()}
    assert only == kept & set(expected)
    assert month.only(kept).tally.counts[0] == sum(expected[number].counts[0] for number in only)
    assert sorted(month.tally.reply_seconds) == sorted(s for day in expected.values() for s in day.reply_seconds)


@given(_days, _days)
def test_lines_and_queues_are_added_up_by_day(first: dict[int, DayCount], second: dict[int, DayCount]) -> None:
    months = []
    for queue, days in (("support", first), ("sales", second)):
        month = JULY._replace(queue=queue)
        for number, day in days.items():
            month = month.with_day(number, day)
        months.append(month)
    found = {day.day: tally.counts for day, tally in daily(months)}
    both = {number: (first.get(number, NOTHING), second.get(number, NOTHING)) for number in first | second}
    assert found == {number: tuple(map(sum, zip(a.counts, b.counts))) for number, (a, b) in both.items()}


def test_a_day_without_calls_leaves_nothing_of_what_was_there() -> None:
    month = JULY.with_day(31, DayCount((1,) * len(COUNTED), (60, 3))).with_day(31, NOTHING)
    assert month == JULY


def test_the_length_of_a_month_is_its_own() -> None:
    months = ("2026-02", "2028-02", "2026-04", "2026-12")
    assert [empty("", month, "", "").length for month in months] == [28, 29, 30, 31]


def test_a_database_keeps_large_months_whole(conn: Connection) -> None:
    waits = tuple(range(0, 600_000, 30))  # 20,000 in one day, 80 kB
    month = JULY.with_day(7, DayCount((4_000_000_000,) * len(COUNTED), waits))
    conn.execute(insert(report_months), month._asdict())
    row = conn.execute(select(report_months)).one()
    assert tuple(row) == tuple(month)
