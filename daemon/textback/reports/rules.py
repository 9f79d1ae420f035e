"""By what the figures of a practice are counted: its days, its lines, and how short a hold is too short."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from textback.directory import Directory
from textback.practice import Practice
from textback.store.day_counts import Place
from textback.store.figures import EDITION
from textback.store.kept_days import utc_days
from textback.store.seals import OPEN, Seal


class Day(NamedTuple):
    """A day of a practice: ``text`` as in ``2026-11-21``, and the UTC days that it lies in."""

    date: date
    text: str
    in_utc: Sequence[str]


class Rules:
    """The rules of one practice as they are now; ``seal``: from when on its calls are all there."""

    def __init__(self, directory: Directory, practice: Practice, seal: Seal = OPEN) -> None:
        self.practice, self.seal, self._directory = practice, seal, directory
        self.zone = practice.timezone

    @property
    def first(self) -> date:
        """The first day that may be counted: what is kept of those before it stands for ever."""
        return date.fromisoformat(self.seal.day) if self.seal.day else date.min

    def span(self, day: date) -> tuple[float, float]:
        """When the calls of a day began: from, and before, in epoch seconds; each call is in one day, sealed or not."""
        return _span(self.zone, self.seal, day)

    def calendar(self, first: date, last: date) -> Sequence[Day]:
        """The days of a span, both ends included."""
        return _calendar(self.zone, self.seal, first, last)

    def line(self, place: Place) -> str:
        """The number of the line that calls at a place belong to."""
        home = self._directory.home(*place, practice=self.practice.name)
        return home[1].number if home else ""

    def min_hold(self, place: Place) -> float:
        """Seconds; who hangs up sooner at that place was on hold too shortly to be texted."""
        pbx, queue, _ = place
        return self.practice.abandoned.for_queue(f"{pbx}/{queue}" if queue else None).min_hold

    @property
    def longest_min_hold(self) -> float:
        """Seconds; the longest of all queues."""
        flow = self.practice.abandoned
        return max([flow.min_hold, *(flow.for_queue(queue).min_hold for queue in flow.queue)])

    @cached_property
    def fingerprint(self) -> str:
        """Something that differs where a day may be counted differently: what was kept by another is out of date."""
        flow = self.practice.abandoned
        holds = {queue: flow.for_queue(queue).min_hold for queue in flow.queue}
        lines = [
            (one.name, one.region, one.default, [(line.number, line.queues, line.dids) for line in one.lines])
            for one in self._directory.practices
        ]
        told = json.dumps([EDITION, self.zone, flow.min_hold, holds, lines], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:32]


@lru_cache(maxsize=64)
def _calendar(zone: str, seal: Seal, first: date, last: date) -> Sequence[Day]:
    """Kept, for each look at a report takes one for each practice, and it is the same all day."""
    days = (first + timedelta(number) for number in range((last - first).days + 1))
    return tuple(Day(day, str(day), utc_days(*_span(zone, seal, day))) for day in days)


def _span(zone: str, seal: Seal, day: date) -> tuple[float, float]:
    since, until = day_span(zone, day)
    since = seal.at if str(day) == seal.day else max(since, seal.at)
    return since, max(since, until)


@lru_cache(maxsize=10_000)
def day_span(zone: str, day: date) -> tuple[float, float]:
    """When a day begins in a time zone, and when the next one does, in epoch seconds; 23 to 25 hours."""
    return _midnight(zone, day), _midnight(zone, day + timedelta(1))


def day_at(zone: str, at: float) -> date:
    """The day that it is in a time zone at a time in epoch seconds."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).date()


def _midnight(zone: str, day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()
