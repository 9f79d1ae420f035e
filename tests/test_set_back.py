"""A clock that goes back is noticed, and by how much; one that goes on, slowly or by a leap, is left alone."""

from __future__ import annotations

import pytest

from textback.set_back import SetBack


class Clocks:
    """One that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.shown, self.passed = 1_800_000_000.0, 50.0

    def pass_time(self, seconds: float) -> None:
        self.shown += seconds
        self.passed += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def watch(clocks: Clocks) -> SetBack:
    return SetBack(lambda: clocks.shown, lambda: clocks.passed)


def test_it_tells_once_by_how_much_the_clock_was_set_back(clocks: Clocks, watch: SetBack) -> None:
    clocks.pass_time(3600.0)  # the database did not answer for an hour, say
    clocks.shown -= 86_400.0
    assert watch.seconds() == 86_400.0
    assert watch.seconds() == 0.0
    clocks.pass_time(1.0)
    assert watch.seconds() == 0.0


def test_by_less_than_is_gone_since_it_is_not_seen_to_go_back(clocks: Clocks, watch: SetBack) -> None:
    clocks.pass_time(3600.0)
    clocks.shown -= 1800.0
    assert watch.seconds() == 0.0


@pytest.mark.parametrize("leap", [-4.0, 0.0, 86_400.0])
def test_a_clock_that_is_corrected_a_little_or_leaps_ahead_was_not_set_back(
    clocks: Clocks, watch: SetBack, leap: float
) -> None:
    clocks.pass_time(1.0)
    clocks.shown += leap
    assert watch.seconds() == 0.0
