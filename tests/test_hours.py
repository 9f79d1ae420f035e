"""When a practice is open, daylight saving, midnight and holidays included."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from textback.hours import (
    Hours,
    Span,
    closed_since,
    end_of,
    holidays_of,
    is_open,
    overlapping,
    read_span,
    write_span,
)

NEW_YORK = "America/New_York"
OFFICE: tuple[Span, ...] = ((480, 720), (780, 1020))
WEEK = Hours(weekly=(OFFICE,) * 5 + ((), ()))


def at(text: str, zone: str = NEW_YORK, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


@pytest.mark.parametrize(
    ("moment", "answer"),
    [
        ("2026-11-23T07:59:59", False),
        ("2026-11-23T08:00:00", True),
        ("2026-11-23T11:59:59.999", True),
        ("2026-11-23T12:00:00", False),
        ("2026-11-23T13:00:00", True),
        ("2026-11-23T17:00:00", False),
        ("2026-11-22T10:00:00", False),
    ],
)
def test_a_span_holds_its_start_and_not_its_end(moment: str, answer: bool) -> None:
    assert is_open(WEEK, NEW_YORK, at(moment)) is answer


def test_the_clock_on_the_practice_wall_counts() -> None:
    assert is_open(WEEK, NEW_YORK, at("2026-11-23T09:00", "America/New_York"))
    assert not is_open(WEEK, NEW_YORK, at("2026-11-23T09:00", "Europe/Berlin"))
    assert is_open(WEEK, "Pacific/Auckland", at("2026-11-24T09:00", "Pacific/Auckland"))


def test_hours_follow_the_wall_when_the_clocks_change() -> None:
    for day in ("2026-03-06", "2026-03-09", "2026-10-30", "2026-11-02"):
        assert is_open(WEEK, NEW_YORK, at(f"{day}T08:00"))
        assert not is_open(WEEK, NEW_YORK, at(f"{day}T07:59"))


def test_an_hour_that_comes_twice_is_open_twice_and_one_that_never_comes_harms_nothing() -> None:
    night = Hours(weekly=(((60, 180),),) * 7)
    assert is_open(night, NEW_YORK, at("2026-11-01T01:30", fold=0))
    assert is_open(night, NEW_YORK, at("2026-11-01T01:30", fold=1))
    assert at("2026-11-01T01:30", fold=1) - at("2026-11-01T01:30", fold=0) == 3600
    assert not is_open(night, NEW_YORK, at("2026-03-08T01:59:59") + 1)
    assert is_open(night, NEW_YORK, at("2026-03-08T01:59:59"))


def test_a_span_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = Hours(weekly=((), (), (), (), ((1320, 120),), (), ()))
    assert is_open(friday_night, "UTC", at("2026-11-27T22:00", "UTC"))
    assert is_open(friday_night, "UTC", at("2026-11-28T01:59", "UTC"))
    assert not is_open(friday_night, "UTC", at("2026-11-28T02:00", "UTC"))
    assert not is_open(friday_night, "UTC", at("2026-11-27T01:00", "UTC"))
    assert not is_open(friday_night, "UTC", at("2026-11-28T22:00", "UTC"))


def test_the_whole_day_is_open_to_its_last_second() -> None:
    assert is_open(Hours(weekly=((read_span("00:00-24:00"),),) * 7), "UTC", at("2026-11-27T23:59:59", "UTC"))


def test_without_any_hours_a_practice_is_always_open() -> None:
    assert is_open(Hours(), "UTC", 0.0)


def test_a_public_holiday_closes() -> None:
    thanksgiving = at("2026-11-26T10:00")
    assert is_open(WEEK, NEW_YORK, thanksgiving)
    assert not is_open(Hours(WEEK.weekly, holidays="US"), NEW_YORK, thanksgiving)


def test_a_holiday_of_a_subdivision_closes_there_only() -> None:
    lincoln = at("2026-02-12T10:00")
    assert not is_open(Hours(WEEK.weekly, holidays="US-NY"), NEW_YORK, lincoln)
    assert is_open(Hours(WEEK.weekly, holidays="US"), NEW_YORK, lincoln)


def test_a_closed_day_wins_over_the_week_and_an_exception_over_all() -> None:
    christmas, eve = date(2026, 12, 25), date(2026, 12, 24)
    noon = "T12:00"
    assert not is_open(Hours(WEEK.weekly, closed=frozenset({eve})), NEW_YORK, at(f"{eve}T10:00"))
    excepted = Hours(WEEK.weekly, "US", frozenset({eve}), {christmas: ((720, 780),), eve: ((720, 780),)})
    assert is_open(excepted, NEW_YORK, at(f"{christmas}{noon}"))
    assert is_open(excepted, NEW_YORK, at(f"{eve}{noon}"))
    assert not is_open(excepted, NEW_YORK, at(f"{eve}T10:00"))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("08:00-12:00", (480, 720)),
        ("8:00 - 12:00", (480, 720)),
        ("00:00-24:00", (0, 1440)),
        ("22:00-02:00", (1320, 120)),
    ],
)
def test_a_span_is_read(text: str, span: Span) -> None:
    assert read_span(text) == span
    assert read_span(write_span(span)) == span


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8-12", "hours as"),
        ("", "hours as"),
        ("08:00-12:00-14:00", "hours as"),
        ("٠٨:٠٠-١٢:٠٠", "hours as"),
        ("25:00-26:00", "times from 00:00"),
        ("08:60-12:00", "times from 00:00"),
        ("24:00-02:00", "times from 00:00"),
        ("08:00-24:01", "times from 00:00"),
        ("08:00-08:00", "differs from the start"),
    ],
)
def test_an_impossible_span_is_refused_with_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_span(text)


@pytest.mark.parametrize(
    ("spans", "answer"),
    [
        (OFFICE, False),
        (((480, 720), (720, 780)), False),
        (((780, 1020), (480, 800)), True),
        (((1320, 120), (1380, 1440)), True),
        ((), False),
    ],
)
def test_overlapping_spans_are_noticed(spans: tuple[Span, ...], answer: bool) -> None:
    assert overlapping(spans) is answer


@pytest.mark.parametrize("code", ["XX", "us", "US-ZZ", ""])
def test_an_unknown_holiday_country_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="country or subdivision"):
        holidays_of(code, 2026)


def test_a_span_that_ends_in_the_hour_that_comes_twice_never_ends_before_now() -> None:
    second = at("2026-11-01 01:10") + 3600.0
    assert end_of((21 * 60, 90), NEW_YORK, second) == second + 1200.0


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2027-01-15 22:30", "2027-01-16 08:00"),
        ("2027-01-16 07:59", "2027-01-16 08:00"),
        ("2027-01-16 08:00", None),
        ("2027-01-15 20:59", None),
        ("2027-03-13 22:00", "2027-03-14 08:00"),  # an hour is skipped that night
        ("2027-11-06 22:00", "2027-11-07 08:00"),  # and one comes twice
    ],
)
def test_a_daily_span_ends_when_the_clock_on_the_wall_says_so(moment: str, end: str | None) -> None:
    assert end_of((21 * 60, 8 * 60), NEW_YORK, at(moment)) == (at(end) if end else None)


@pytest.mark.parametrize(
    ("moment", "since"),
    [
        ("2026-11-23T12:30", "2026-11-23T12:00"),
        ("2026-11-23T20:00", "2026-11-23T17:00"),
        ("2026-11-24T07:59:59", "2026-11-23T17:00"),
        ("2026-11-22T10:00", "2026-11-20T17:00"),
        ("2026-11-23T17:00", "2026-11-23T17:00"),
    ],
)
def test_nobody_is_there_since_the_last_span_ended(moment: str, since: str) -> None:
    assert closed_since(WEEK, NEW_YORK, at(moment)) == at(since)


def test_a_holiday_and_the_weekend_after_it_are_one_time_without_anybody() -> None:
    hours = Hours(WEEK.weekly, holidays="US", closed=frozenset({date(2026, 11, 27)}))
    assert closed_since(hours, NEW_YORK, at("2026-11-29T10:00")) == at("2026-11-25T17:00")
    exception = Hours(WEEK.weekly, closed=hours.closed, open={date(2026, 11, 28): ((540, 600),)})
    assert closed_since(exception, NEW_YORK, at("2026-11-29T10:00")) == at("2026-11-28T10:00")


def test_a_span_over_midnight_ends_on_the_next_day() -> None:
    hours = Hours(weekly=(((1320, 120),),) + ((),) * 6)
    assert closed_since(hours, NEW_YORK, at("2026-11-26T10:00")) == at("2026-11-24T02:00")
    until_midnight = Hours(weekly=(((600, 1440),),) + ((),) * 6)
    assert closed_since(until_midnight, NEW_YORK, at("2026-11-24T00:30")) == at("2026-11-24T00:00")


def test_where_there_was_never_anybody_there_is_no_beginning() -> None:
    never = Hours(weekly=((),) * 7)
    assert closed_since(never, NEW_YORK, at("2026-11-24T00:30")) is None
    once = Hours(weekly=((),) * 7, open={date(2026, 1, 5): ((540, 600),)})
    assert closed_since(once, NEW_YORK, at("2026-11-24T00:30")) == at("2026-01-05T10:00")


def test_an_hour_that_comes_twice_ends_twice() -> None:
    hours = Hours(weekly=((),) * 6 + (((0, 90),),))
    assert closed_since(hours, NEW_YORK, at("2026-11-01T01:45")) == at("2026-11-01T01:30")
    assert closed_since(hours, NEW_YORK, at("2026-11-01T03:00")) == at("2026-11-01T01:30", fold=1)


minutes = st.integers(0, 95).map(lambda quarter: quarter * 15)
spans = st.tuples(minutes, minutes | st.just(1440)).filter(lambda span: span[0] != span[1])
ZONES = {
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 29)),
    "UTC": (date(2026, 3, 8), date(2026, 11, 1)),
}


@given(
    st.lists(st.lists(spans, max_size=2).map(tuple), min_size=7, max_size=7).map(tuple),
    st.sampled_from([(zone, day) for zone, days in ZONES.items() for day in days]),
    st.integers(-10, 40).map(lambda hours: hours * 3600 + 601),
)
@settings(max_examples=150)
def test_since_when_nobody_is_there_is_what_one_finds_by_looking_back_minute_by_minute(
    weekly: tuple[tuple[Span, ...], ...], where: tuple[str, date], after: int
) -> None:
    (zone, day), hours = where, Hours(weekly=weekly)
    moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp() + after
    assume(not is_open(hours, zone, moment))
    back = moment - moment % 60
    while back > moment - 3 * 86_400 and not is_open(hours, zone, back - 1):
        back -= 60
    assume(is_open(hours, zone, back - 1))
    assert closed_since(hours, zone, moment) == back
