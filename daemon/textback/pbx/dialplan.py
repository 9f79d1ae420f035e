"""What textback's own dialplan on an Asterisk is called (dialplan/asterisk/extensions-textback.conf)."""

from __future__ import annotations

FILE = "extensions-textback.conf"
#: what all of its contexts begin with
OURS = "textback-"
OFFER, CONFIRM, WHISPER = "textback-offer", "textback-confirm", "textback-whisper"
#: where a caller is moved to from a queue, to come back to it
PROMPTS = frozenset({OFFER, CONFIRM})

_CANNOT_TEXT = "textback/cannot-text"
_REFUSALS = {"landline": "textback/landline", "withheld_number": "textback/withheld"}


def told(refused: str | None) -> str:
    """The sounds that tell a caller who goes on waiting that a text comes, or why none does, and that they wait on."""
    return f"{_REFUSALS.get(refused, _CANNOT_TEXT) if refused else 'textback/confirmed'}&textback/stay"
