"""One recorded stream with all read classes, repeated with fresh ids and callers: what the benchmarks read."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

RECORDING = Path(__file__).parent / "asterisk22_200_waiting.ami.gz"
#: seconds that the recording took; a piece of it is what one read of a socket gives at most
LASTS, PIECE = 27.0, 65536

_ID = re.compile(rb"\b1\d{9}\.(\d+)\b")
_CALLER = b"15559879999"


def recording() -> bytes:
    """200 callers who wait together for 20 s and hang up, as a real Asterisk 22 told it."""
    return gzip.decompress(RECORDING.read_bytes())


def events_in(data: bytes) -> int:
    return data.count(b"Event: ")


def rounds(count: int) -> Iterator[bytes]:
    """The recording ``count`` times; each time other calls, by other people."""
    blocks = recording().split(b"\r\n\r\n")
    for number in range(count):
        yield b"\r\n\r\n".join(_renewed(block, number) for block in blocks)


def _renewed(block: bytes, number: int) -> bytes:
    found = _ID.search(block)
    if not found:
        return block
    # From the region of the practice, as most callers are.
    caller = b"1202%03d%04d" % (200 + number % 700, int(found[1]) % 10000)
    fresh = _ID.sub(lambda unique: b"%d.%s" % (1_800_000_000 + 3600 * number, unique[1]), block)
    return fresh.replace(_CALLER, caller)


def pieces(data: bytes, number: int) -> Iterator[tuple[bytes, float]]:
    """The bytes of a round as a socket gives them, each with its time (epoch seconds)."""
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE], 1_800_000_000 + 3600 * number + LASTS * start / len(data)
