"""Which calls a page shows: read from its address, whatever stands there, and written back into links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from textback import numbers
from textback.model import Disposition
from textback.store import log
from textback.store.log import Found, Wanted
from textback.store.strands import Place as Cursor
from textback.web.pages.view import View
from textback.web.shown import ENDED

WHEN = {"": "Any time", "today": "Today", "yesterday": "Yesterday", "7d": "Last 7 days", "30d": "Last 30 days"}
#: Days before today with which a span begins, and days that it has.
_SPANS = {"today": (0, 1), "yesterday": (1, 1), "7d": (6, 7), "30d": (29, 30)}
LOST = (
    Disposition.TEXTED, Disposition.ABANDONED, Disposition.MISSED, Disposition.UNREACHED, Disposition.LOST,
)  # fmt: skip
UNANSWERED = "unanswered"
ENDINGS = {"": "Any", UNANSWERED: "Not answered"} | {str(disposition): words for disposition, words in ENDED.items()}
TEXTS = {
    "": "Any",
    log.REPLIED: "Replied",
    "on_its_way": "On its way",
    "sent": "Sent",
    "delivered": "Delivered",
    "not_delivered": "Not delivered",
    "held": "Held",
    "unknown": "Perhaps sent",
    "cancelled": "Not sent",
    log.NONE: "No text",
}
SHOW = {"": "Everything", "needs": "Needs somebody"}
LONGEST_SEARCH = 100
_NAMES = ("q", "when", "from", "to", "practice", "queue", "ended", "text", "show")


@dataclass(frozen=True)
class CallFilters:
    """What the address asks for; what makes no sense there is as if it were not there."""

    asked: Mapping[str, str]
    before: Cursor | None

    @property
    def is_narrow(self) -> bool:
        """Whether less is shown than everything."""
        return any(self.asked.values())

    def query(self, **changes: str) -> str:
        """The same, changed, as the query of a link."""
        kept = {name: value for name, value in ({**self.asked} | changes).items() if value}
        return urlencode(kept)

    @property
    def live(self) -> str:
        """The query of just this page, to hear of its changes: an earlier page hears nothing of newer rows."""
        return self.query(before=cursor_text(self.before) if self.before else "")

    def wanted(self, conn: Connection, view: View) -> Wanted:
        """The calls that are meant, of those that are theirs to see."""
        practices = self._practices(view)
        since, until = self._span(view)
        return Wanted(
            practices,
            since,
            until,
            self.asked["queue"] or None,
            _dispositions(self.asked["ended"]),
            self.asked["text"] or None,
            self.asked["show"] == "needs",
            self._found(conn, view, practices),
        )

    def _practices(self, view: View) -> tuple[str | None, ...] | None:
        named = self.asked["practice"]
        if named:
            return (named,) if view.staff.sees(named) else ()
        if view.staff.practices is not None:
            return view.names
        # what all practices have much of is read without them, the rest by an index that begins with them
        is_rare = self.asked["ended"] or self.asked["queue"] or self.asked["show"] or self.asked["text"] in log.RARE
        return (*view.names, None) if is_rare else None

    def _found(
        self, conn: Connection, view: View, practices: tuple[str | None, ...] | None
    ) -> Found | None:
        words = self.asked["q"]
        if not words:
            return None
        theirs = None if view.staff.practices is None and not self.asked["practice"] else practices
        return log.search(conn, theirs, words, whole_number(words, view), view.sharing(theirs))

    def _span(self, view: View) -> tuple[float | None, float | None]:
        """Epoch seconds in the time zone of the practice that is asked for, else of the first one."""
        zone = ZoneInfo(view.place(self.asked["practice"]).zone)
        if self.asked["when"] in _SPANS:
            ago, days = _SPANS[self.asked["when"]]
            first = datetime.fromtimestamp(view.now, zone).date() - timedelta(ago)
            return _midnight(first, zone), _midnight(first + timedelta(days), zone)
        since, until = _date(self.asked["from"]), _date(self.asked["to"])
        end = until + timedelta(1) if until is not None and until < date.max else None
        return _midnight(since, zone) if since else None, _midnight(end, zone) if end else None


def read(query: Mapping[str, str]) -> CallFilters:
    """The filters in an address."""
    asked = {name: query.get(name, "").strip() for name in _NAMES}
    choices = {"when": WHEN, "ended": ENDINGS, "text": TEXTS, "show": SHOW}
    for name, known in choices.items():
        asked[name] = asked[name] if asked[name] in known else ""
    for name in ("from", "to"):
        asked[name] = asked[name] if _date(asked[name]) else ""
    asked["q"] = asked["q"][:LONGEST_SEARCH].replace("\0", "")
    asked["queue"], asked["practice"] = asked["queue"].replace("\0", ""), asked["practice"].replace("\0", "")
    return CallFilters(asked, cursor(query.get("before", "")))


def whole_number(words: str, view: View) -> str | None:
    """The number (E.164) that words are, in the region of one of the practices; None if they are no whole number."""
    for region in dict.fromkeys(practice.region for practice in view.practices):
        found = numbers.read(words, region).e164
        if found is not None:
            return found
    return None


def cursor(text: str) -> Cursor | None:
    """Where a page ended, from a link; None if nobody of ours wrote it."""
    at, _, last = text.partition("~")
    try:
        key = float(at)
        datetime.fromtimestamp(key, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return Cursor(key, last) if last and "\0" not in last else None


def cursor_text(place: Cursor) -> str:
    """The same for a link."""
    return f"{place.key!r}~{place.id}"


def _dispositions(asked: str) -> tuple[str, ...]:
    if asked == UNANSWERED:
        return tuple(map(str, LOST))
    return (asked,) if asked else ()


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _midnight(day: date, zone: ZoneInfo) -> float | None:
    """When a day begins there; None where that lies beyond what a clock can tell."""
    try:
        at = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
        datetime.fromtimestamp(at, timezone.utc)
        return at
    except (ValueError, OverflowError, OSError):
        return None
