"""Cuts what FreeSWITCH sends over an outbound event socket into frames: a block of headers, and the body it announces.

A header's value is what a caller may choose, percent-encoded: lines are split first, and only then is a value decoded.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from textback.hooks.request import Refused

#: bytes of a block of headers: a display name of 10 kB is in it some ten times, each byte of it as three
LONGEST_BLOCK = 512 * 1024
#: bytes of a body that is kept: an event holds what the block of the request held
LONGEST_BODY = 512 * 1024
#: bytes of a body that is waited for, and so of one that is passed over
LARGEST_BODY = 16 * 1024 * 1024
_PIECE = 64 * 1024

EVENT, REPLY, API, DISCONNECT = "text/event-plain", "command/reply", "api/response", "text/disconnect-notice"
_COUNT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Frame:
    """``headers`` as they were sent; ``body`` is empty where it was too long to be kept."""

    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def kind(self) -> str:
        """The Content-Type."""
        return self.headers.get("Content-Type", "")

    def event(self) -> Mapping[str, str]:
        """The headers of the event in the body, as they were sent."""
        return headers(self.body)


async def read(reader: asyncio.StreamReader) -> Frame:
    """The next frame. Raises ``Refused`` for what is none, and at the end what ``reader`` raises."""
    try:
        block = b""
        while not block.strip(b"\r\n"):
            block = await reader.readuntil(b"\n\n")
    except asyncio.LimitOverrunError:
        raise Refused("too long", f"sent more than {LONGEST_BLOCK // 1024} kB before a blank line") from None
    found = headers(block)
    return Frame(found, await _body(reader, found))


async def _body(reader: asyncio.StreamReader, found: Mapping[str, str]) -> bytes:
    told = found.get("Content-Length", "0").strip()
    if not _COUNT.fullmatch(told) or int(told) > LARGEST_BODY:
        raise Refused("too long", "announced a body of no length, or an endless one")
    left = int(told)
    if left <= LONGEST_BODY:
        return await reader.readexactly(left)
    while left:
        left -= len(await reader.readexactly(min(left, _PIECE)))
    return b""


def headers(block: bytes) -> dict[str, str]:
    """The lines ``Name: value`` of a block, split at line feeds only, not decoded; the first of a name counts.

    What is no UTF-8 becomes U+FFFD. What FreeSWITCH itself knows of a channel stands before its variables, which a
    dialplan names; a caller names none.
    """
    found: dict[str, str] = {}
    for line in block.decode("utf-8", "replace").split("\n"):
        name, colon, value = line.removesuffix("\r").partition(":")
        if colon:
            found.setdefault(name, value.removeprefix(" "))
    return found


def decoded(value: str) -> str:
    """A value as it was before FreeSWITCH encoded it for a channel's data or an event."""
    return unquote(value, errors="replace")
