"""The figures of practices over a span of days: from what is kept of days that are over, else from the calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from textback.directory import Directory
from textback.practice import Practice
from textback.reports.rules import Rules, day_at
from textback.store import day_counts, kept_days
from textback.store.day_counts import Place
from textback.store.kept_days import LineQueue
from textback.store.months import DayCount, Month, empty
from textback.store.report_tables import COUNTED
from textback.store.seals import seal_of
from textback.store.tally import Tally, added

Key = TypeVar("Key", bound=Hashable)


class Part(NamedTuple):
    """What all days have come to, of one practice, line (by its number) and queue ('' for none)."""

    practice: str
    line: str
    queue: str
    tally: Tally


def rules_of(conn: Connection, directory: Directory, practice: Practice) -> Rules:
    """By what the figures of a practice are counted now."""
    return Rules(directory, practice, seal_of(conn, practice.name))


def counted(conn: Connection, directory: Directory, practice: Practice, first: date, last: date) -> list[Month]:
    """The figures of a practice from ``first`` to ``last``, both included; a month may be there in several pieces."""
    rules = rules_of(conn, directory, practice)
    stale = set(not_kept(conn, rules, first, last))
    good: defaultdict[str, set[int]] = defaultdict(set)
    for day in rules.calendar(first, last):
        if day.date not in stale:
            good[day.text[:7]].add(day.date.day)
    kept = kept_days.months(conn, practice.name, str(first)[:7], str(last)[:7]) if good else []
    return [*_only(kept, good), *_now(conn, rules, stale)]


def _only(kept: Iterable[Month], good: dict[str, set[int]]) -> Iterator[Month]:
    """What is kept where there were calls, on the days that are asked for and not out of date."""
    for one in kept:
        days = good[one.month]
        left = one if len(days) == one.length else one.only(days)
        if left.calls:
            yield left


def _now(conn: Connection, rules: Rules, days: Iterable[date]) -> Iterable[Month]:
    found: dict[tuple[str, LineQueue], Month] = {}
    for day in days:
        for place, told in count_day(conn, rules, day).items():
            month = str(day)[:7]
            before = found.get((month, place)) or empty(rules.practice.name, month, *place)
            found[month, place] = before.with_day(day.day, told)
    return found.values()


def not_kept(conn: Connection, rules: Rules, first: date | None, last: date) -> list[date]:
    """The days of a span that must be counted from their calls: never kept, by other rules, or changed since.

    ``first``: None for the day of the first call; on no day before it, and before the seal, are there calls to count.
    """
    name = rules.practice.name
    begun = day_counts.first_call_at(conn, name)
    if begun is None:
        return []
    first = max(first or date.min, rules.first, day_at(rules.zone, begun))
    if first > last:
        return []
    changed = kept_days.changes(conn, name, rules.span(first)[0], rules.span(last)[1])
    known = kept_days.days(conn, name, rules.fingerprint, str(first), str(last))
    days = rules.calendar(first, last)
    return [day.date for day in days if known.get(day.text) != _changes_of(changed, day.in_utc)]


def _changes_of(changed: Mapping[str, int], days: Iterable[str]) -> int:
    return sum([changed.get(day, 0) for day in days])


def keep_day(conn: Connection, rules: Rules, day: date) -> Callable[[Connection, float], None]:
    """Count a day; what this gives keeps it, in a transaction that may be another one, at a time in epoch seconds."""
    name, span = rules.practice.name, rules.span(day)
    # The changes first: one that is committed while the calls are counted makes the day be counted once more
    changed = _changes_of(kept_days.changes(conn, name, *span), kept_days.utc_days(*span))
    found = count_day(conn, rules, day)
    return lambda conn, now: kept_days.save(conn, name, str(day), rules.fingerprint, changed, found, now)


def count_day(conn: Connection, rules: Rules, day: date) -> dict[LineQueue, DayCount]:
    """The figures of one day, counted from its calls."""
    name, (since, until) = rules.practice.name, rules.span(day)
    counts: defaultdict[LineQueue, Counter[str]] = defaultdict(Counter)
    seconds: defaultdict[LineQueue, list[int]] = defaultdict(list)
    for place, told in day_counts.counted(conn, name, since, until).items():
        counts[_at(rules, place)].update({"abandoned_short": 0} | told)
    if not counts:
        return {}
    for place, held in day_counts.holds(conn, name, since, until, rules.longest_min_hold):
        counts[_at(rules, place)]["abandoned_short"] += held < rules.min_hold(place)
    for place, waits in day_counts.reply_seconds(conn, name, since, until).items():
        seconds[_at(rules, place)] += waits
    return {at: DayCount(tuple(told[key] for key in COUNTED), tuple(seconds[at])) for at, told in counts.items()}


def parts(months: Iterable[Month]) -> list[Part]:
    """The months of each practice, line and queue added up."""
    found = sums(((one.practice, one.line, one.queue), one.tally) for one in months)
    return [Part(*place, tally) for place, tally in found.items()]


def sums(told: Iterable[tuple[Key, Tally]]) -> dict[Key, Tally]:
    """What is told of the same added up."""
    found: defaultdict[Key, list[Tally]] = defaultdict(list)
    for key, tally in told:
        found[key].append(tally)
    return {key: added(tallies) for key, tallies in found.items()}


def total(parts: Iterable[Part | Month]) -> Tally:
    """All of it added up."""
    return added([part.tally for part in parts])


def each_day(first: date, last: date) -> Iterator[date]:
    """The days of a span, both ends included."""
    return (first + timedelta(day) for day in range((last - first).days + 1))


def _at(rules: Rules, place: Place) -> LineQueue:
    return rules.line(place), place[1] or ""
