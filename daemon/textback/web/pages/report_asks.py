"""Which report a page shows: read from its address, whatever stands there, and written back into links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from textback.practice import Practice
from textback.reports.rules import day_at
from textback.store.months import Month
from textback.web.pages.view import View

WHEN = {"7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days", "365d": "Last 365 days"}
USUAL = "30d"
#: Days that a report may span, and days for which a plot has a bar each; beyond, one for each week, or each month.
LONGEST, MOST_DAYS, MOST_WEEKS = 1100, 62, 400
#: Before any call that there can be, and far enough from the end of what a clock can tell.
EARLIEST = date(2000, 1, 1)
NO_QUEUE = "-"
_NAMES = ("when", "from", "to", "practice", "line", "queue")


@dataclass(frozen=True)
class ReportAsk:
    """What the address asks for; ``first`` and ``last`` day are both part of it."""

    asked: Mapping[str, str]
    first: date
    last: date
    practices: tuple[Practice, ...]

    def query(self, **changes: str) -> str:
        """The same, changed, as the query of a link."""
        return urlencode({name: value for name, value in ({**self.asked} | changes).items() if value})

    def means(self, row: Month) -> bool:
        """Whether the line and queue of a month are asked for."""
        line, queue = self.asked["line"], self.asked["queue"]
        return (not line or row.line == line) and (not queue or row.queue == ("" if queue == NO_QUEUE else queue))

    def step_of(self, day: date) -> date:
        """The first day of the step of the plots that a day belongs to."""
        length = (self.last - self.first).days + 1
        if length <= MOST_DAYS:
            return day
        if length <= MOST_WEEKS:
            return max(self.first, day - timedelta(day.weekday()))
        return max(self.first, day.replace(day=1))

    @property
    def step(self) -> str:
        """What each bar of the plots stands for."""
        length = (self.last - self.first).days + 1
        return "day" if length <= MOST_DAYS else "week" if length <= MOST_WEEKS else "month"


def read(query: Mapping[str, str], seen: View) -> ReportAsk:
    """The report in an address, of the practices that somebody sees; what makes no sense is as if it were not there."""
    asked = {name: query.get(name, "").strip().replace("\0", "")[:128] for name in _NAMES}
    if seen.practice(asked["practice"]) is None:
        asked["practice"] = ""
    practices = tuple(one for one in seen.practices if asked["practice"] in ("", one.name))
    today = day_at(seen.place(asked["practice"] or None).zone, seen.now)
    first, last = _span(asked, today)
    return ReportAsk(asked, first, last, practices)


def _span(asked: dict[str, str], today: date) -> tuple[date, date]:
    """Days that are to come have no calls; a span that is too long loses its beginning."""
    first, last = _date(asked["from"]), _date(asked["to"])
    asked["from"], asked["to"] = str(first or ""), str(last or "")
    if first is None and last is None:
        asked["when"] = asked["when"] if asked["when"] in WHEN else USUAL
        return today - timedelta(int(asked["when"][:-1]) - 1), today
    asked["when"] = ""
    until = min(last or today, today)
    begins = first or until - timedelta(int(USUAL[:-1]) - 1)
    return max(min(begins, until), until - timedelta(LONGEST - 1)), until


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found and max(found, EARLIEST)
