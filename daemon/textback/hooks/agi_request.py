"""Hears what an AGI connection wants: bounded in size and time, and refused if it is not AGI."""

from __future__ import annotations

import asyncio

from textback.hooks import agi_environment
from textback.hooks.request import Refused, Request

#: bytes of a line, and of an environment; those of real calls have 1 kB
LONGEST_LINE, LONGEST_HEADER = 16 * 1024, 64 * 1024


async def hear(reader: asyncio.StreamReader, within: float) -> Request:
    """The request, whole within so many seconds. Raises ``Refused``."""
    try:
        async with asyncio.timeout(within):
            return agi_environment.read(await _lines(reader))
    except TimeoutError:
        raise Refused("silent", f"did not say within {within:g} s what it wants") from None
    except (asyncio.IncompleteReadError, ConnectionError):
        raise Refused("cut", "closed before its request was whole") from None
    except asyncio.LimitOverrunError:
        raise Refused("too long", f"sent a line of more than {LONGEST_LINE // 1024} kB") from None
    except agi_environment.NotAgi as wrong:
        raise Refused("not AGI", f"sent what is no AGI request: {wrong}") from None


async def _lines(reader: asyncio.StreamReader) -> list[str]:
    """Up to the blank line; what is no UTF-8 becomes U+FFFD."""
    lines: list[str] = []
    size = 0
    while size <= LONGEST_HEADER:
        line = await reader.readuntil(b"\n")
        size += len(line)
        text = line.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
        if not text:
            return lines
        lines.append(text)
    raise Refused("too long", f"sent more than {LONGEST_HEADER // 1024} kB before a blank line")
