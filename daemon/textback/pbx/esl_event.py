"""One event of FreeSWITCH, plain or JSON: its headers are found first, and decoded when somebody asks for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import unquote

from textback.pbx.esl_frames import header

_CUSTOM = b"Event-Subclass: "
_NAME = b"Event-Name: "


class Event(Protocol):
    """What a translator sees of an event."""

    def get(self, name: str) -> str | None:
        """The first header of that name, decoded; None if there is none. Bytes that are no UTF-8 become U+FFFD."""


class PlainEvent:
    """The body of a ``text/event-plain`` frame.

    FreeSWITCH percent-encodes every value, so that only a line end of its own ends a header: what is decoded is
    never split again. A body that the event itself carries begins behind the first blank line, and is no header.
    """

    __slots__ = ("_head",)

    def __init__(self, body: bytes) -> None:
        end = body.find(b"\n\n")
        # As a rule nothing is behind the blank line, and then nothing is copied.
        self._head = body if end < 0 or end == len(body) - 2 else body[: end + 1]

    def get(self, name: str) -> str | None:
        """See ``Event``."""
        value = header(self._head, name)
        if value is None:
            return None
        text = value.decode("utf-8", "replace")
        return unquote(text, errors="replace") if "%" in text else text


class JsonEvent:
    """The body of a ``text/event-json`` frame, or the answer of ``uuid_dump … json``."""

    def __init__(self, headers: Mapping[str, Any]) -> None:
        self._headers = headers

    @classmethod
    def read(cls, body: bytes) -> JsonEvent:
        """Raises ``ValueError`` for what is no JSON object."""
        found = json.loads(body.decode("utf-8", "replace"), strict=False, object_pairs_hook=_first)
        if not isinstance(found, dict):
            raise ValueError("an event that is no object")
        return cls(found)

    def get(self, name: str) -> str | None:
        """See ``Event``; of a list (a variable that was set several times) the first."""
        value = self._headers.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        return value if isinstance(value, str) else None


def peek(kind: bytes, body: bytes) -> bytes:
    """The name of an event, of a CUSTOM one the subclass, still as it came; b"" if it is none.

    Of a CUSTOM event the subclass stands before the name.
    """
    if kind == b"text/event-plain":
        start = len(_CUSTOM) if body.startswith(_CUSTOM) else len(_NAME) if body.startswith(_NAME) else -1
        end = body.find(b"\n", max(start, 0))
        return body[start:end] if 0 <= start < end else b""
    return _peek_json(body) if kind == b"text/event-json" else b""


_QUOTED = (b'{"Event-Subclass":"', b'{"Event-Name":"')


def _peek_json(body: bytes) -> bytes:
    for begin in _QUOTED:
        if body.startswith(begin):
            end = body.find(b'"', len(begin))
            return body[len(begin) : end].replace(b":", b"%3A") if end > 0 else b""
    return b""


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a repeated header the first counts, as in a plain event."""
    return dict(reversed(pairs))
