"""Is the practice open: weekly hours, public holidays and exceptions, in the practice's own time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays as public_holidays

#: Start and end in minutes of the day, 0 to 1440; an end before the start lies on the next day.
Span = tuple[int, int]

DAY = 1440
ALL_DAY: Span = (0, DAY)
#: Days in which is looked for a time when somebody was there.
FARTHEST = 400

_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody is there; ``open`` wins over ``closed``, that over ``holidays``, that over ``weekly``.

    ``holidays`` is a country or subdivision of ISO 3166 ("US", "US-NY"); ``weekly`` begins on Monday.
    """

    weekly: tuple[tuple[Span, ...], ...] = ((ALL_DAY,),) * 7
    holidays: str | None = None
    closed: frozenset[date] = frozenset()
    open: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)


def is_open(hours: Hours, timezone: str, at: float) -> bool:
    """Whether ``at`` (seconds since the epoch) lies in the hours as the clock on the wall shows them."""
    local = datetime.fromtimestamp(at, ZoneInfo(timezone))
    minute = local.hour * 60 + local.minute
    today, yesterday = local.date(), local.date() - timedelta(days=1)
    return any(_covers(span, minute) for span in spans_on(hours, today)) or any(
        end < start and minute < end for start, end in spans_on(hours, yesterday)
    )


def end_of(span: Span, timezone: str, at: float) -> float | None:
    """When the daily ``span`` ends in which ``at`` lies, in seconds since the epoch; None if it lies in none."""
    zone = ZoneInfo(timezone)
    local = datetime.fromtimestamp(at, zone)
    start, end = span
    minute = local.hour * 60 + local.minute
    over_midnight = end < start
    inside = minute >= start or minute < end if over_midnight else start <= minute < end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and minute >= start else 0)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    # On the wall clock, so that an hour that is skipped or repeated in between does not count.
    ends = midnight + timedelta(minutes=end)
    # It may lie in the repeated hour, as the time that is asked about does.
    return ends.timestamp() if ends.timestamp() > at else ends.replace(fold=1).timestamp()


def closed_since(hours: Hours, timezone: str, at: float) -> float | None:
    """When the time began in which nobody is there, and in which ``at`` lies (both seconds since the epoch).

    None if there was nobody for longer than a year, or ever.
    """
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(at, zone).date()
    for back in range(FARTHEST):
        for moment in sorted(_moments(hours, zone, day - timedelta(days=back)), reverse=True):
            if moment <= at and is_open(hours, timezone, moment - 1):
                return moment
    return None


def _moments(hours: Hours, zone: ZoneInfo, day: date) -> Iterator[float]:
    """When the hours may end on ``day``: with a span, twice if the hour is, or because the clocks change."""
    before = spans_on(hours, day - timedelta(days=1))
    minutes = {end for start, end in spans_on(hours, day) if start < end < DAY}
    minutes |= {end % DAY for start, end in before if end < start or end == DAY}
    midnight = datetime(day.year, day.month, day.day)
    for fold in (0, 1):
        for minute in minutes:
            yield (midnight + timedelta(minutes=minute)).replace(tzinfo=zone, fold=fold).timestamp()
    changed = _clocks_change(midnight.replace(tzinfo=zone).timestamp(), zone)
    if changed is not None:
        yield changed


def _clocks_change(midnight: float, zone: ZoneInfo) -> float | None:
    """When, to the second, the clocks change in the day that begins at ``midnight``; None if they don't."""
    early, late = int(midnight) - 2 * 3600, int(midnight) + 26 * 3600  # where midnight itself is skipped, too
    first = _offset(early, zone)
    if _offset(late, zone) == first:
        return None
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (middle, late) if _offset(middle, zone) == first else (early, middle)
    return float(late)


def _offset(at: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(at, zone).utcoffset()


def spans_on(hours: Hours, day: date) -> tuple[Span, ...]:
    """The spans that begin on ``day``."""
    if day in hours.open:
        return hours.open[day]
    if day in hours.closed or (hours.holidays and day in holidays_of(hours.holidays, day.year)):
        return ()
    return hours.weekly[day.weekday()]


def read_span(text: str) -> Span:
    """Reads ``08:00-12:00``; ``22:00-02:00`` goes over midnight; ValueError says what is wrong."""
    match = _SPAN.fullmatch(text.strip())
    if not match:
        raise ValueError('hours as "08:00-12:00"')
    hour, minute, end_hour, end_minute = map(int, match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or start >= DAY or end > DAY:
        raise ValueError("times from 00:00 to 23:59, or 24:00 as the end")
    if start == end:
        raise ValueError('an end that differs from the start (the whole day is "00:00-24:00")')
    return (start, end)


def write_span(span: Span) -> str:
    """The span as a practice file has it."""
    start, end = span
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def overlapping(spans: tuple[Span, ...]) -> bool:
    """Whether two spans of one day share a minute."""
    ends = sorted((start, end if end > start else end + DAY) for start, end in spans)
    return any(later[0] < earlier[1] for earlier, later in zip(ends, ends[1:]))


@lru_cache(maxsize=256)
def holidays_of(code: str, year: int) -> frozenset[date]:
    """The public holidays of a country or subdivision; ValueError if it is not known."""
    country, _, subdivision = code.partition("-")
    try:
        return frozenset(public_holidays.country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError as unknown:
        raise ValueError('a country or subdivision such as "US" or "US-NY"') from unknown


def _covers(span: Span, minute: int) -> bool:
    start, end = span
    return start <= minute < end if start < end else minute >= start
