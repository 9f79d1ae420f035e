"""Tallies are added up to the unit, and the median is that of all waits, however they are cut into runs."""

from __future__ import annotations

from array import array
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from textback.store.report_tables import COUNTED
from textback.store.tally import DAYS, Tally, added

waits = st.lists(st.tuples(st.integers(0, 604_800), st.integers(1, 31)), max_size=40)
#: a few values only, so that many are the same
same = st.lists(st.tuples(st.sampled_from([0, 1, 59, 60, 604_800]), st.integers(1, 31)), max_size=300)


def run(pairs: list[tuple[int, int]]) -> array[int]:
    return array("I", sorted(seconds * DAYS + day for seconds, day in pairs))


@given(st.lists(st.one_of(waits, same), max_size=9))
def test_the_median_is_that_of_all_waits_together(runs: list[list[tuple[int, int]]]) -> None:
    seconds = sorted(wait for pairs in runs for wait, _ in pairs)
    tally = added([Tally(waits=(run(pairs),)) for pairs in runs])
    assert tally.median_reply == (median(seconds) if seconds else None)
    assert tally.reply_seconds == seconds


@given(st.lists(st.lists(st.integers(0, 10**6), min_size=len(COUNTED), max_size=len(COUNTED)), max_size=5))
def test_figures_are_added_each_to_its_own(several: list[list[int]]) -> None:
    tally = added([Tally(tuple(counts)) for counts in several])
    assert [tally[key] for key in COUNTED] == [sum(counts[at] for counts in several) for at in range(len(COUNTED))]
