"""What there is to tell, for tests."""

from __future__ import annotations

from typing import Any

from textback.notices import Errand

NOW = 1_800_014_400.0


def errand(**changes: Any) -> Errand:
    """A reply to Riverside."""
    given: dict[str, Any] = {"id": "5e6a1fd3-7f0c-4c0f-9d59-0d1a2ff9d2c7", "target": "front@clinic.example"}
    given |= {"practice": "Riverside", "line": "Front desk", "conversation": 12, "unread": 3, "language": "en"}
    given |= {"url": "https://textback.clinic.internal/conversations/12", "at": NOW}
    return Errand(**(given | changes))
