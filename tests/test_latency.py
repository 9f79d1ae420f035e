from __future__ import annotations

import pytest

from textback.latency import BOUNDS, Latency


def test_nothing_measured_has_no_quantile() -> None:
    assert Latency().quantile(0.5) is None


@pytest.mark.parametrize(("share", "seconds"), [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0)])
def test_a_quantile_is_the_nearest_rank(share: float, seconds: float) -> None:
    latency = Latency()
    for measured in range(100, 0, -1):
        latency.record(float(measured))

    assert latency.quantile(share) == seconds


def test_all_are_counted_and_only_the_last_remembered() -> None:
    latency = Latency(kept=2)
    for measured in (9.0, 1.0, 2.0):
        latency.record(measured)

    assert (latency.count, latency.total, latency.quantile(1.0)) == (3, 12.0, 2.0)


def test_what_was_measured_is_counted_within_each_bound_that_it_does_not_exceed() -> None:
    latency = Latency(kept=1)
    for measured in (0.0, BOUNDS[0], BOUNDS[0] * 1.5, BOUNDS[-1] * 2):
        latency.record(measured)

    within = dict(latency.cumulative())
    assert [within[BOUNDS[0]], within[BOUNDS[1]], within[BOUNDS[-1]], within[float("inf")]] == [2, 3, 3, 4]
