"""The public holidays that come next, by name: what a holidays code means."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays as public_holidays

from textback.practice import Practice

#: So many are shown, of this year and the next.
MOST = 12


class Holiday(NamedTuple):
    """A public holiday; ``is_open``: an exception says that somebody is there all the same."""

    day: date
    name: str
    is_open: bool

    @property
    def words(self) -> str:
        """``Thursday, 24 December 2026``"""
        return f"{self.day:%A}, {self.day.day} {self.day:%B %Y}"


def coming(practice: Practice, now: float) -> list[Holiday]:
    """Those of the practice's hours that come next after ``now`` (epoch seconds)."""
    code = practice.hours.holidays
    if not code:
        return []
    today = datetime.fromtimestamp(now, ZoneInfo(practice.timezone)).date()
    country, _, subdivision = code.partition("-")
    years = (today.year, (today + timedelta(days=366)).year)
    known = public_holidays.country_holidays(country, subdiv=subdivision or None, years=years)
    days = sorted(day for day in known if day >= today)[:MOST]
    return [Holiday(day, known[day], bool(practice.hours.open.get(day))) for day in days]
