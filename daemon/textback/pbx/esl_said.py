"""What is said on an ESL connection, in the words of greenswitch and in ours."""

from __future__ import annotations

from typing import Any

from greenswitch.esl import ESLEvent

from textback.pbx.esl_frames import Frame


def said(frame: Frame) -> Any:
    """An answer as greenswitch wants it: split first, and never unquoted."""
    event = ESLEvent("")
    for line in frame.head.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition(": ")
        event.headers.setdefault(name, value)
    event.headers.setdefault("Content-Length", "0")
    event.body = frame.body
    return event


def why(error: Exception) -> str:
    """In a few words: ``connection refused``."""
    text = getattr(error, "strerror", None) or str(error)
    return (str(text) or "no answer").lower()


def verb(data: str) -> str:
    """What was asked, without its arguments: they may be a password, or a number."""
    words = data.split(" ", 2)
    return " ".join(words[:2]) if words[0] in ("api", "event", "filter") and len(words) > 1 else words[0]
