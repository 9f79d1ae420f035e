"""Recorded streams with all read classes, repeated with fresh ids and callers: what the benchmarks read."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
#: seconds that a recording is taken to last; a piece of it is what one read of a socket gives at most
LASTS, PIECE = 27.0, 65536

_ID = re.compile(rb"\b1\d{9}\.(\d+)\b")
_CALLER = re.compile(rb"\b1?555987\d{4}\b")


def waiting() -> bytes:
    """200 callers who wait together for 20 s and hang up: 38 events a call, and each of them gets a text."""
    return gzip.decompress((FOLDER / "asterisk22_200_waiting.ami.gz").read_bytes())


def mixed() -> bytes:
    """One of each call that was ever recorded, one after the other: 110 events a call, some of them lost ones."""
    stories = sorted((FOLDER.parent / "stories" / "asterisk22").glob("*.ami.gz"))
    return b"".join(gzip.decompress(story.read_bytes()) for story in stories if not story.name.startswith("n20"))


STREAMS = {"waiting": waiting, "mixed": mixed}


def events_in(data: bytes) -> int:
    return data.count(b"Event: ")


def rounds(data: bytes, count: int) -> Iterator[bytes]:
    """The recording ``count`` times; each time other calls, by other people."""
    blocks = data.split(b"\r\n\r\n")
    for number in range(count):
        yield b"\r\n\r\n".join(_renewed(block, number) for block in blocks)


def _renewed(block: bytes, number: int) -> bytes:
    found = _ID.search(block)
    if not found:
        return block
    # From the region of the practice, as most callers are.
    caller = b"1202%03d%04d" % (200 + number % 700, int(found[1]) % 10000)
    fresh = _ID.sub(lambda unique: b"%d.%s" % (1_800_000_000 + 3600 * number, unique[1]), block)
    return _CALLER.sub(caller, fresh)


def pieces(data: bytes, number: int) -> Iterator[tuple[bytes, float]]:
    """The bytes of a round as a socket gives them, each with its time (epoch seconds)."""
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE], 1_800_000_000 + 3600 * number + LASTS * start / len(data)
