"""What a FreeSWITCH 1.11.2 sent over outbound event sockets: the bytes, and the frames that they are."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

Frame = tuple[bytes, bytes]

ASYNC, MIDWAY, MIDWAY_NO_LINGER, SERVER_DIES, SYNC = (
    "i1_outbound_async_full",
    "i2_outbound_hangup_midway",
    "i3_outbound_hangup_midway_no_linger",
    "i4_outbound_our_server_dies",
    "i6_outbound_sync",
)


@cache
def read(name: str) -> bytes:
    """The bytes of a recording."""
    return gzip.decompress((Path(__file__).parent / f"{name}.esl.gz").read_bytes())


def frames(data: bytes) -> list[Frame]:
    """Blocks of headers, each with the body that it announces; the last one may be cut."""
    found = []
    while data:
        head, _, data = data.partition(b"\n\n")
        size = int(value(head, "Content-Length") or b"0")
        found.append((head, data[:size]))
        data = data[size:]
    return found


def value(block: bytes, name: str) -> bytes | None:
    """A header's value as it was sent; the first one counts."""
    for line in block.split(b"\n"):
        if line.startswith(name.encode() + b": "):
            return line.partition(b": ")[2]
    return None
