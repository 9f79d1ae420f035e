"""From the bytes of an ESL connection to frames: a block of headers, and a body of the length that it names."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from textback.pbx.errors import LinkError

#: Bytes; the longest block of headers seen is 7 kB (the answer to ``connect`` on an outbound socket).
MAX_HEAD = 256 * 1024
#: Bytes; a channel with long variables makes events of some hundred kB, a list of 10,000 channels 10 MB.
MAX_BODY = 64 * 1024 * 1024

_END = b"\n\n"
_NO_BODY = frozenset({b"auth/request", b"command/reply"})


class Frame(NamedTuple):
    """``kind``: the Content-Type; ``head``: the block with it, without its end; values there are never decoded."""

    kind: bytes
    head: bytes
    body: bytes = b""

    def header(self, name: str) -> bytes | None:
        """The first header of that name, as it came."""
        return header(self.head, name)


class Frames:
    """Cuts a stream into frames; keeps what is not complete yet. Raises ``LinkError`` where it is no such stream."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._head = b""
        self._kind = b""
        #: the length of the body that is awaited, if one is
        self._length: int | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes."""
        self._rest += data
        if self._length is not None and len(self._rest) < self._length:
            return []
        found: list[Frame] = []
        stream, at = bytes(self._rest), 0
        while True:
            if self._length is None:
                end = stream.find(_END, at)
                if end < 0:
                    break
                self._begin(stream[at:end])
                at = end + len(_END)
            if self._length is None:
                found += [Frame(self._kind, self._head)] if self._kind else []
            elif len(stream) - at >= self._length:
                body = stream[at : at + self._length]
                at += self._length
                self._length = None
                found.append(Frame(self._kind, self._head, body))
            else:
                break
        self._keep(stream, at)
        return found

    def _keep(self, stream: bytes, at: int) -> None:
        self._rest = bytearray(stream[at:])
        if self._length is None and len(self._rest) > MAX_HEAD:
            raise LinkError(f"this is no FreeSWITCH: {len(self._rest)} bytes without an end")

    def _begin(self, head: bytes) -> None:
        """A block of headers has come: find out whether a body follows it."""
        head = head.lstrip(b"\n")
        kind = header(head, "Content-Type")
        if not head:  # blank lines between two frames
            self._kind = b""
            return
        if kind is None:
            raise LinkError("this is no FreeSWITCH, or a length was wrong: a block without Content-Type")
        self._head, self._kind = head, kind
        length = header(head, "Content-Length")
        if length is None:
            if kind not in _NO_BODY and not kind.startswith(b"text/disconnect"):
                raise LinkError("this is no FreeSWITCH: a body without Content-Length")
            return
        self._length = _length_of(length)


def _length_of(text: bytes) -> int:
    digits = text.strip()
    if not digits.isdigit() or len(digits) > 12 or int(digits) > MAX_BODY:
        raise LinkError(f"this is no FreeSWITCH: a body of {digits[:20].decode('ascii', 'replace')!r} bytes")
    return int(digits)


@cache
def _mark(name: str) -> tuple[bytes, int]:
    """Where a line with that header begins, and how long that is."""
    mark = f"\n{name}: ".encode()
    return mark, len(mark)


def header(block: bytes, name: str) -> bytes | None:
    """The first header of that name in a block: only where a line begins, so that no value can be one."""
    mark, length = _mark(name)
    if block.startswith(mark[1:]):
        start = length - 1
    else:
        start = block.find(mark) + length
        if start < length:
            return None
    end = block.find(b"\n", start)
    return block[start:] if end < 0 else block[start:end]
