"""Wall clocks of a PBX become epoch seconds, with or without the name of the zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.pbx.records.local_time import LocalTime, born

NEW_YORK = ZoneInfo("America/New_York")
AUTUMN = datetime(2026, 11, 1, 5, 30, tzinfo=UTC).timestamp()  # 01:30 in New York, the first time
SPRING = datetime(2026, 3, 8, 6, 59, tzinfo=UTC).timestamp()


def wall(at: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("uniqueid", "at"),
    [("1795293815.0", 1795293815.0), ("pbx-1-1795293815.12", 1795293815.0), ("NONE", None), ("12.5", None), ("", None)],
)
def test_a_uniqueid_tells_when_its_channel_was_made(uniqueid: str, at: float | None) -> None:
    assert born(uniqueid) == at


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati", "UTC"])
@given(at=st.integers(1_600_000_000, 1_900_000_000), later=st.integers(0, 3000))
def test_without_a_name_the_uniqueid_tells_the_zone(zone: str, at: int, later: int) -> None:
    clock, place = LocalTime(), ZoneInfo(zone)
    change = datetime.fromtimestamp(at, place).utcoffset() != datetime.fromtimestamp(at + later, place).utcoffset()
    assert clock.epoch(wall(at, place), f"{at}.1") == at
    assert change or clock.epoch(wall(at + later, place), f"{at}.1") == at + later


@pytest.mark.parametrize("later", [3700, 5000, 40_000])
def test_a_call_of_hours_is_no_other_zone(later: int) -> None:
    clock, at = LocalTime(), 1795293815
    assert clock.epoch(wall(at, NEW_YORK), f"{at}.1") == at
    assert clock.epoch(wall(at + later, NEW_YORK), f"{at}.1") == at + later


@pytest.mark.parametrize("change", [AUTUMN, SPRING])
def test_daylight_saving_that_begins_or_ends_shifts_nothing(change: float) -> None:
    clock = LocalTime()
    for minute in range(0, 180, 7):
        at = int(change) + minute * 60
        assert clock.epoch(wall(at, NEW_YORK), f"{at}.1") == at


def test_with_a_name_the_hour_that_comes_twice_is_told_by_the_uniqueid() -> None:
    clock = LocalTime("America/New_York")
    for at in (int(AUTUMN), int(AUTUMN) + 3600):
        assert clock.epoch(wall(at, NEW_YORK), f"{at}.1") == at


def test_a_time_with_its_zone_needs_no_other() -> None:
    moment = datetime(2026, 11, 21, 20, tzinfo=UTC) + timedelta(seconds=0.25)
    assert LocalTime("Asia/Tokyo").epoch(moment, "") == moment.timestamp()


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-41 00:00:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        LocalTime().epoch(text, "1795293815.0")
