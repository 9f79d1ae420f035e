"""A month of one line and queue, packed: 365 days of a dozen queues are read in the time of as many dozen rows."""

from __future__ import annotations

from array import array
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from textback.store.report_tables import COUNTED
from textback.store.tally import DAYS, Tally

#: Days for which a month has room.
LONGEST = 31
_SIZE = LONGEST * len(COUNTED)


class DayCount(NamedTuple):
    """A day of one line and queue, as it was counted: figures in the order of ``COUNTED``, and waits in seconds."""

    counts: tuple[int, ...]
    reply_seconds: tuple[int, ...] = ()


class Month(NamedTuple):
    """The days of one month (``2026-11``), line (by its number) and queue ('' for none).

    ``counts``: for each figure the days from the 1st to the 31st; ``waits``: see ``tally.DAYS``, in their order.
    """

    practice: str
    month: str
    line: str
    queue: str
    counts: array[int]
    waits: array[int]

    @property
    def tally(self) -> Tally:
        """All days added up."""
        counts = self.counts
        sums = tuple(sum(counts[at : at + LONGEST]) for at in range(0, _SIZE, LONGEST))
        return Tally(sums, (self.waits,) if self.waits else ())

    @property
    def calls(self) -> int:
        """How many calls there were; without any, all else is 0, too."""
        return sum(self.counts[:LONGEST])

    @property
    def length(self) -> int:
        """How many days the month has."""
        return monthrange(int(self.month[:4]), int(self.month[5:]))[1]

    def days(self) -> Iterator[tuple[date, Tally]]:
        """The days on which there were calls, each by itself."""
        year, month = int(self.month[:4]), int(self.month[5:])
        for number, calls in enumerate(self.counts[:LONGEST], 1):
            if calls:
                waits = array("I", [wait for wait in self.waits if wait % DAYS == number])
                yield date(year, month, number), Tally(tuple(self.counts[number - 1 :: LONGEST]), (waits,))

    def with_day(self, number: int, counted: DayCount) -> Month:
        """The same with one day as it was counted, in place of what was there."""
        counts, others = self.counts[:], [wait for wait in self.waits if wait % DAYS != number]
        counts[number - 1 :: LONGEST] = array("I", counted.counts)
        those = [seconds * DAYS + number for seconds in counted.reply_seconds]
        return self._replace(counts=counts, waits=array("I", sorted(others + those)))

    def only(self, numbers: Iterable[int]) -> Month:
        """The same, as if there had been nothing on other days."""
        kept = set(numbers)
        counts = self.counts[:]
        for number in range(1, LONGEST + 1):
            if number not in kept:
                counts[number - 1 :: LONGEST] = _NOTHING
        return self._replace(counts=counts, waits=array("I", [wait for wait in self.waits if wait % DAYS in kept]))


_NOTHING = array("I", bytes(4 * len(COUNTED)))


def empty(practice: str, month: str, line: str, queue: str) -> Month:
    """One without calls."""
    return Month(practice, month, line, queue, array("I", bytes(4 * _SIZE)), array("I"))


def daily(months: Iterable[Month]) -> Iterator[tuple[date, Tally]]:
    """The figures of the days on which there were calls, over all lines and queues, without waits."""
    together: dict[str, list[array[int]]] = {}
    for one in months:
        together.setdefault(one.month, []).append(one.counts)
    for month, several in together.items():
        sums = array("I", map(sum, zip(*several)))
        whole = empty("", month, "", "")._replace(counts=sums)
        yield from whole.days()
