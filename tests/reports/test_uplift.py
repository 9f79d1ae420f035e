"""What texting is worth, against worked examples of others."""

from __future__ import annotations

import pytest

from textback.reports.uplift import Share, Uplift, uplift_of
from textback.store.tally import Tally
from textback.store.report_tables import COUNTED


@pytest.mark.parametrize(
    ("back", "of", "low", "high"),
    # R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_share_of_wilson(back: int, of: int, low: float, high: float) -> None:
    assert Share(back, of).interval == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    # R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, table II, method 10
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_the_difference_of_newcombe(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    assert Uplift(Share(*first), Share(*second)).interval == pytest.approx((low, high), abs=5e-5)


def test_nothing_is_concluded_from_few() -> None:
    assert Share(0, 0).interval == (0.0, 1.0)
    assert not Uplift(Share(500, 1000), Share(25, 49)).is_enough
    assert not Uplift(Share(500, 1000), Share(4, 1000)).is_enough
    counts = {"trial_texted": 1000, "trial_texted_back": 500, "trial_held_out": 50, "trial_held_out_back": 10}
    told = uplift_of(Tally(tuple(counts.get(key, 0) for key in COUNTED)))
    assert told.is_enough and told.difference == pytest.approx(0.3)
