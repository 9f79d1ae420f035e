"""From the bytes of an AMI session to blocks, and from a block to its headers."""

from __future__ import annotations

from collections.abc import Callable

EOL = b"\r\n"
END = b"\r\n\r\n"
#: Bytes; the longest block seen is 6 kB. What grows beyond this without an end is no AMI message.
MAX_BLOCK = 256 * 1024

Headers = dict[str, str]

_EVENT = b"Event: "


class Blocks:
    """Cuts a stream into blocks; keeps what is not complete yet, and gives up on what never ends."""

    def __init__(self, on_oversize: Callable[[int], None] = lambda size: None) -> None:
        #: what came after the last blank line
        self.rest = b""
        self._skipping = False
        self._on_oversize = on_oversize

    def feed(self, data: bytes) -> list[bytes]:
        """The blocks that ``data`` completes, without the blank line that ended them."""
        if self.rest:
            data = self.rest + data
        parts = data.split(END)
        self.rest = parts.pop()
        if self._skipping and parts:
            self._skipping = False
            del parts[0]
        if len(self.rest) > MAX_BLOCK:
            self._give_up()
        return parts

    def _give_up(self) -> None:
        if not self._skipping:
            self._on_oversize(len(self.rest))
        self._skipping = True
        # The last bytes may be the first half of the blank line that ends it.
        self.rest = self.rest[-len(END) :]


def event_name(block: bytes) -> bytes | None:
    """The name of the event, peeked at without reading the block; None if the block is no event."""
    if not block.startswith(_EVENT):
        return None
    end = block.find(EOL)
    return block[7:end] if end > 0 else block[7:]


def header_pairs(block: bytes) -> list[tuple[str, str]]:
    """The headers in their order; bytes that are no UTF-8 become U+FFFD, a header without a value is ''."""
    pairs = []
    for line in block.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            pairs.append((name, value[1:] if value.startswith(" ") else value))
    return pairs
