"""Until when a conversation sleeps: by the clock of the practice, also in the nights in which that is changed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.web.pages import snoozes
from textback.store.tables import conversations

from .house import House, Somebody

ZONE = "America/New_York"


def at(text: str, zone: str = ZONE, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


@pytest.mark.parametrize(
    ("choice", "now", "until"),
    [
        ("1h", "2026-11-21T12:00", "2026-11-21T13:00"),
        ("3h", "2026-11-21T22:30", "2026-11-22T01:30"),
        ("tomorrow", "2026-11-21T12:00", "2026-11-22T08:00"),
        ("tomorrow", "2026-11-21T00:01", "2026-11-22T08:00"),
        ("tomorrow", "2026-12-31T23:59", "2027-01-01T08:00"),
        ("monday", "2026-11-21T12:00", "2026-11-23T08:00"),
        ("monday", "2026-11-23T07:00", "2026-11-30T08:00"),
        ("monday", "2026-11-22T23:59", "2026-11-23T08:00"),
        # the nights in which clocks are set forward and back there
        ("tomorrow", "2026-03-07T20:00", "2026-03-08T08:00"),
        ("tomorrow", "2026-10-31T20:00", "2026-11-01T08:00"),
        ("monday", "2026-03-06T20:00", "2026-03-09T08:00"),
        ("monday", "2026-10-30T20:00", "2026-11-02T08:00"),
    ],
)
def test_it_comes_back_when_the_clock_on_the_wall_says_so(choice: str, now: str, until: str) -> None:
    assert snoozes.until(choice, ZONE, at(now)) == at(until)


def test_an_hour_is_an_hour_when_the_clocks_are_changed() -> None:
    for night in ("2026-03-08T01:30", "2026-11-01T01:30"):
        assert snoozes.until("1h", ZONE, at(night)) == at(night) + 3600
        assert snoozes.until("3h", ZONE, at(night)) == at(night) + 3 * 3600
    # half past one in the second of the two hours that have that name
    assert snoozes.until("tomorrow", ZONE, at("2026-11-01T01:30", fold=1)) == at("2026-11-02T08:00")


def test_where_there_is_no_such_hour_it_is_the_next_one() -> None:
    """Samoa had no 30 December 2011 at all."""
    woken = snoozes.until("tomorrow", "Pacific/Apia", at("2011-12-29T12:00", "Pacific/Apia"))
    assert woken is not None and woken > at("2011-12-29T12:00", "Pacific/Apia")


def test_until_they_write_has_no_time_and_other_words_no_meaning() -> None:
    assert snoozes.until("reply", ZONE, 0.0) is None
    with pytest.raises(KeyError):
        snoozes.until("never", ZONE, 0.0)


@given(
    st.sampled_from([choice for choice, _ in snoozes.CHOICES if choice != "reply"]),
    st.sampled_from(["UTC", ZONE, "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo"]),
    st.floats(0, 4e9),
)
def test_it_is_always_still_to_come_and_within_eight_days(choice: str, zone: str, now: float) -> None:
    woken = snoozes.until(choice, zone, now)
    assert woken is not None and now < woken < now + 8 * 86_400


def test_a_page_goes_by_the_clock_of_the_practice(house: House, gus: Somebody) -> None:
    house.time.now = at("2026-10-31T20:00")
    talk = house.talk(practice="Grove")
    gus = house.somebody("gus")
    assert gus.post(f"/conversations/{talk}/do", do="snooze", until="tomorrow").status == 303
    (row,) = house.rows(conversations)
    assert row["snoozed_until"] == at("2026-11-01T08:00")
    assert "snoozed until 1 Nov 08:00" in gus.get("/inbox?state=snoozed").body
