"""So many at once and then so many a minute, each for themselves."""

from __future__ import annotations

import pytest

from textback.web.pace import Pace


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minute_s_worth_may_come_at_once_and_then_one_after_the_other() -> None:
    time = Time()
    pace = Pace(6, time)
    assert [pace.wait("a") for _ in range(6)] == [0.0] * 6
    assert pace.wait("a") == pytest.approx(10)
    time.now += 4
    assert pace.wait("a") == pytest.approx(6)
    time.now += 6
    assert [pace.wait("a"), pace.wait("a")] == [0.0, pytest.approx(10)]


def test_who_was_silent_for_long_has_no_more_than_a_minute_s_worth() -> None:
    time = Time()
    pace = Pace(2, time)
    pace.wait("a")
    time.now += 1e6
    assert [pace.wait("a"), pace.wait("a"), pace.wait("a")] == [0.0, 0.0, pytest.approx(30)]


def test_nobody_waits_for_another() -> None:
    pace = Pace(1, Time())
    assert [pace.wait("a"), pace.wait("b")] == [0.0, 0.0]
    assert pace.wait("a") > 0


def test_what_is_forgiven_does_not_count() -> None:
    pace = Pace(1, Time())
    for _ in range(100):
        assert pace.wait("a") == 0.0
        pace.forgive("a")
    pace.forgive("a")
    assert [pace.wait("a"), pace.wait("a")] == [0.0, pytest.approx(60)]


def test_a_clock_that_is_set_back_shuts_nobody_out() -> None:
    time = Time()
    pace = Pace(2, time)
    pace.wait("a")
    time.now -= 500
    assert pace.wait("a") == 0.0
    time.now += 30
    assert pace.wait("a") == 0.0


def test_of_too_many_the_one_who_was_silent_longest_is_forgotten() -> None:
    pace = Pace(1, Time(), most=2)
    for who in "abc":
        assert pace.wait(who) == 0.0
    assert pace.wait("b") > 0 and pace.wait("c") > 0
    assert pace.wait("a") == 0.0
