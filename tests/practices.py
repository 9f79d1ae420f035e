"""A practice for tests: as plain as can be, changed where a test needs it."""

from __future__ import annotations

import copy
from typing import Any

from textback.practice import Practice, read_practice

EVERY_DAY = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}

DOCUMENT: dict[str, Any] = {
    "practice": {"name": "Riverside", "timezone": "UTC", "region": "US", "language": "en", "default": True},
    "line": [{"name": "Front desk", "number": "+12025550100", "main_number": "+12025550199"}],
    "hours": EVERY_DAY,
    "call_to_text": {"enabled": True, "hours": "always", "message": {"en": "{practice} here, how can we help?"}},
    "abandoned": {
        "enabled": True,
        "message": {"en": "{practice}: we got disconnected.", "es": "{practice}: se cortó."},
    },
    "missed": {
        "during_hours": {"enabled": True, "message": {"en": "Sorry we missed you, {first_name|there}. {practice}"}},
        "outside_hours": {"enabled": True, "message": {"en": "{practice} is closed."}},
    },
}


def document(**changes: Any) -> dict[str, Any]:
    """The document with ``changes``; a double underscore goes one table down: ``guards__settle="0s"``."""
    changed = copy.deepcopy(DOCUMENT)
    for path, value in changes.items():
        *tables, key = path.split("__")
        place = changed
        for table in tables:
            place = place.setdefault(table, {})
        place[key] = value
    return changed


def practice(**changes: Any) -> Practice:
    """The practice of that document."""
    return read_practice(document(**changes))
