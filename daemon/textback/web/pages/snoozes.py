"""Until when a conversation sleeps, as staff choose it: in an hour, tomorrow, on Monday, or until they write."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

#: When a day begins for those who wake a conversation, in hours.
MORNING = 8
CHOICES = (
    ("1h", "for an hour"),
    ("3h", "for 3 hours"),
    ("tomorrow", "until tomorrow, 8:00"),
    ("monday", "until Monday, 8:00"),
    ("reply", "until they write"),
)
_HOURS = {"1h": 1, "3h": 3}


def until(choice: str, zone: str, now: float) -> float | None:
    """The time that is meant (epoch seconds), on the clock of a time zone; None: until they write.

    Raises ``KeyError`` for what is none of the choices.
    """
    if choice not in dict(CHOICES):
        raise KeyError(choice)
    if choice in _HOURS:
        return now + _HOURS[choice] * 3600.0
    if choice == "reply":
        return None
    today = datetime.fromtimestamp(now, ZoneInfo(zone))
    days = 1 if choice == "tomorrow" else 7 - today.weekday()
    morning = (today + timedelta(days)).replace(hour=MORNING, minute=0, second=0, microsecond=0, fold=0)
    return morning.timestamp()
