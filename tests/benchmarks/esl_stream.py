"""A recorded ESL stream with every event, repeated with fresh ids and callers: what the ESL benchmark reads."""

from __future__ import annotations

import gzip
import lzma
import re
from collections.abc import Iterator
from pathlib import Path

from textback.pbx.esl_frames import Frames

FOLDER = Path(__file__).parent
#: seconds that a recording is taken to last; a piece of it is what one read of a socket gives at most
LASTS, PIECE = 27.0, 65536

_UUID = re.compile(rb"\b[0-9a-f]{8}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b")
_CALLER = re.compile(rb"%2B1305\d*?(\d{2,4})\b(?=%40|\n)")


def waiting() -> bytes:
    """200 callers who wait together for 20 s and hang up: 39 events a call, and each of them gets a text."""
    return lzma.decompress((FOLDER / "freeswitch_200_waiting.esl.xz").read_bytes())


def mixed() -> bytes:
    """One of each call that was ever recorded, one after the other, some of them lost ones."""
    stories = sorted((FOLDER.parent / "stories" / "freeswitch").glob("*.esl.gz"))
    return b"".join(gzip.decompress(story.read_bytes()) for story in stories if not story.name.startswith("lab_"))


STREAMS = {"waiting": waiting, "mixed": mixed}


def bodies(data: bytes) -> list[bytes]:
    """The events of a recording."""
    return [frame.body for frame in Frames().feed(data) if frame.kind == b"text/event-plain"]


def rounds(data: bytes, count: int) -> Iterator[bytes]:
    """The recording ``count`` times; each time other calls, by other people."""
    events = bodies(data)
    for number in range(count):
        yield b"".join(_framed(_renewed(body, number)) for body in events)


def _framed(body: bytes) -> bytes:
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(body), body)


def _renewed(body: bytes, number: int) -> bytes:
    fresh = _UUID.sub(lambda uuid: b"%08x%s" % (number, uuid[1]), body)
    # From the region of the practice, as most callers are.
    return _CALLER.sub(lambda caller: b"%%2B1202%03d%04d" % (200 + number % 700, int(caller[1])), fresh)


def pieces(data: bytes, number: int) -> Iterator[tuple[bytes, float]]:
    """The bytes of a round as a socket gives them, each with its time (epoch seconds)."""
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE], 1_800_000_000 + 3600 * number + LASTS * start / len(data)
