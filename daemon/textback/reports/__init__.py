"""The figures of practices over a span of days: from what is kept of days that are over, else from the calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from textback.directory import Directory
from textback.practice import Practice
from textback.reports.rules import Rules, day_span
from textback.store import day_counts
from textback.store.day_counts import Kept, Place, Tally, added
from textback.store.report_tables import COUNTED

Key = TypeVar("Key", bound=Hashable)


def counted(conn: Connection, directory: Directory, practice: Practice, first: date, last: date) -> list[Kept]:
    """The figures of a practice for each day, line and queue from ``first`` to ``last``, both included."""
    rules = Rules(directory, practice)
    stale = set(not_kept(conn, rules, first, last))
    found = [one for one in day_counts.kept(conn, practice.name, str(first), str(last)) if one.day not in stale]
    for day in sorted(stale):
        found += count_day(conn, rules, date.fromisoformat(day))
    return found


def not_kept(conn: Connection, rules: Rules, first: date, last: date) -> list[str]:
    """The days of a span that must be counted from their calls: never kept, by other rules, or changed since."""
    if first > last:
        return []
    name = rules.practice.name
    changed = day_counts.changes(conn, name, day_span(rules.zone, first)[0], day_span(rules.zone, last)[1])
    known = day_counts.days(conn, name, rules.fingerprint, str(first), str(last))
    if not changed:
        return [str(day) for day in each_day(first, last) if known.get(str(day)) != 0]
    return [str(day) for day in each_day(first, last) if known.get(str(day)) != changes_of(rules, day, changed)]


def changes_of(rules: Rules, day: date, changed: dict[str, int]) -> int:
    """How often the calls of a day have been changed late, of what ``day_counts.changes`` tells of the UTC days."""
    return sum(changed.get(one, 0) for one in day_counts.utc_days(*day_span(rules.zone, day)))


def count_day(conn: Connection, rules: Rules, day: date) -> list[Kept]:
    """The figures of one day, counted from its calls."""
    name, (since, until) = rules.practice.name, day_span(rules.zone, day)
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    seconds: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place, told in day_counts.counted(conn, name, since, until).items():
        counts[_at(rules, place)].update({"abandoned_short": 0} | told)
    if not counts:
        return []
    for place, held in day_counts.holds(conn, name, since, until, rules.longest_min_hold):
        counts[_at(rules, place)]["abandoned_short"] += held < rules.min_hold(place)
    for place, waits in day_counts.reply_seconds(conn, name, since, until).items():
        seconds[_at(rules, place)] += waits
    return [
        Kept(name, str(day), *at, Tally(tuple(told[key] for key in COUNTED), tuple(sorted(seconds[at]))))
        for at, told in counts.items()
    ]


def grouped(rows: Iterable[Kept], by: Callable[[Kept], Key]) -> dict[Key, Tally]:
    """The rows added up by what ``by`` tells of each."""
    found: defaultdict[Key, list[Tally]] = defaultdict(list)
    for row in rows:
        found[by(row)].append(row.tally)
    return {key: added(tallies) for key, tallies in found.items()}


def total(rows: Iterable[Kept]) -> Tally:
    """The rows added up."""
    return added([row.tally for row in rows])


def each_day(first: date, last: date) -> Iterator[date]:
    """The days of a span, both ends included."""
    return (first + timedelta(day) for day in range((last - first).days + 1))


def _at(rules: Rules, place: Place) -> tuple[str, str]:
    return rules.line(place), place[1] or ""
