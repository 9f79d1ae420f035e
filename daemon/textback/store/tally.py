"""Figures added up: of a day, of a place, of a year, and how long callers waited until a person answered them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from textback.store.report_tables import COUNTED

INDEX = {key: at for at, key in enumerate(COUNTED)}
#: A wait is kept as its seconds times this, plus the day of its month: so the order of waits is that of their seconds.
DAYS = 32
#: In so many runs of so few waits, sorting all of them is quicker than looking for the middle one in each.
FEW = 32


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted: the figures in the order of ``COUNTED``, and runs of waits, each in its order."""

    counts: tuple[int, ...] = (0,) * len(COUNTED)
    waits: tuple[array[int], ...] = ()

    def __getitem__(self, key: str) -> int:
        return self.counts[INDEX[key]]

    @property
    def reply_seconds(self) -> list[int]:
        """Whole seconds from each caller's first reply to the first answer of a person, the shortest first."""
        return [wait // DAYS for wait in _all(self.waits)]

    @property
    def median_reply(self) -> float | None:
        """Seconds within which half of the callers got a human reply to their first reply; None if nobody did."""
        many = sum(map(len, self.waits))
        if not many:
            return None
        runs = self.waits if many > FEW * len(self.waits) else (_all(self.waits),)
        lower, upper = _two(runs, (many - 1) // 2, many // 2)
        return (lower // DAYS + upper // DAYS) / 2


def added(tallies: Sequence[Tally]) -> Tally:
    """Several as one; there may be thousands, so that they are added column by column."""
    if not tallies:
        return Tally()
    counts = tuple(map(sum, zip(*(one.counts for one in tallies))))
    return Tally(counts, tuple(chain.from_iterable(one.waits for one in tallies)))


def _all(runs: Sequence[array[int]]) -> array[int]:
    return array("I", sorted(chain.from_iterable(runs)))


def _two(runs: Sequence[array[int]], lower: int, upper: int) -> tuple[int, int]:
    """The values at two places, the same or neighbours, of all runs together: counted from 0, the smallest first."""
    low, high = 0, max(run[-1] for run in runs if run)
    while low < high:
        middle = (low + high) // 2
        if sum(bisect_right(run, middle) for run in runs) > lower:
            high = middle
        else:
            low = middle + 1
    places = [bisect_right(run, low) for run in runs]
    if sum(places) > upper:
        return low, low
    return low, min(run[place] for run, place in zip(runs, places) if place < len(run))
