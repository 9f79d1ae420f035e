"""From the bytes of an AMI session to whole, checked blocks of headers.

The caller's number, and the number that was dialled, reach AMI raw: line ends in them cut a message in two
and may put a forged one in between. What Asterisk really sent carries the whole channel block, in one order
and without repeats, and a caller has 79 characters at most, which that block does not fit into: so a block
that is not whole is dropped, with whatever was forged, and told as tampering.
"""

from __future__ import annotations

from collections.abc import Callable

END = b"\r\n\r\n"
#: Bytes; the longest block seen is 6 kB. What grows beyond this without an end is no AMI message.
MAX_BLOCK = 256 * 1024

Headers = dict[str, str]

_CHANNEL_BLOCK = (
    "Channel",
    "ChannelState",
    "ChannelStateDesc",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "ConnectedLineName",
    "Language",
    "AccountCode",
    "Context",
    "Exten",
    "Priority",
    "Uniqueid",
    "Linkedid",
)
#: headers that may stand more than once in one block (``channelvars`` of manager.conf adds them)
_REPEATED = "ChanVariable"
#: events whose own channel block may be missing (an Originate dials without a channel, a mailbox is polled)
_OPTIONAL_CHANNEL = frozenset({"DialBegin", "DialEnd", "MessageWaiting"})
#: prefixes of the further channel blocks of an event
_BLOCKS_OF = {
    "DialBegin": ("Dest",),
    "DialEnd": ("Dest",),
    "ParkedCall": ("Parkee",),
    "UnParkedCall": ("Parkee",),
    "ParkedCallTimeOut": ("Parkee",),
    "ParkedCallGiveUp": ("Parkee",),
    "AttendedTransfer": ("OrigTransferer", "SecondTransferer"),
}
_WITHOUT_CHANNEL = frozenset(
    {"ParkedCall", "UnParkedCall", "ParkedCallTimeOut", "ParkedCallGiveUp", "AttendedTransfer", "FullyBooted"}
)

_SEQUENCES = {
    prefix: tuple(prefix + name for name in _CHANNEL_BLOCK)
    for prefix in ("", "Dest", "Parkee", "OrigTransferer", "SecondTransferer")
}


class Blocks:
    """Cuts a stream into blocks; keeps what is not complete yet, and gives up on what never ends."""

    def __init__(self, on_oversize: Callable[[int], None] = lambda size: None) -> None:
        self._rest = b""
        self._skipping = False
        self._on_oversize = on_oversize

    def feed(self, data: bytes) -> list[bytes]:
        """The blocks that ``data`` completes, without the blank line that ended them."""
        if self._rest:
            data = self._rest + data
        parts = data.split(END)
        self._rest = parts.pop()
        if self._skipping and parts:
            self._skipping = False
            del parts[0]
        if len(self._rest) > MAX_BLOCK:
            self._give_up()
        return parts

    def _give_up(self) -> None:
        if not self._skipping:
            self._on_oversize(len(self._rest))
        self._skipping = True
        # The last bytes may be the first half of the blank line that ends it.
        self._rest = self._rest[-len(END) :]


def event_name(block: bytes) -> bytes | None:
    """The name of the event, peeked at without reading the block; None if the block is no event."""
    if not block.startswith(b"Event: "):
        return None
    end = block.find(b"\r\n")
    return block[7:end] if end > 0 else block[7:]


def is_orphan(block: bytes) -> bool:
    """Whether this is the tail of a message that a caller cut in two (neither an event nor an answer)."""
    head = block.lstrip(b"\r\n")[:9]
    return bool(head) and not head.startswith((b"Event: ", b"Response:", b"Asterisk "))


def header_pairs(block: bytes) -> list[tuple[str, str]]:
    """The headers in their order; bytes that are no UTF-8 become U+FFFD, a header without a value is ''."""
    pairs = []
    for line in block.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            pairs.append((name, value[1:] if value.startswith(" ") else value))
    return pairs


def read_event(block: bytes) -> Headers | None:
    """The headers of a channel event, or None if it is not as Asterisk sends it: cut, mixed or forged."""
    return checked(header_pairs(block))


def checked(pairs: list[tuple[str, str]]) -> Headers | None:
    """The headers as a mapping, or None if a block of channel headers is not whole or a header is repeated."""
    headers: Headers = {}
    for name, value in pairs:
        if name in headers and not name.endswith(_REPEATED):
            return None
        headers.setdefault(name, value)
    names = tuple(name for name, _ in pairs)
    return headers if _is_whole(headers, names) else None


def _is_whole(headers: Headers, names: tuple[str, ...]) -> bool:
    event = headers.get("Event", "")
    if event not in _WITHOUT_CHANNEL:
        present = "Channel" in headers
        if not (_follows(names, "") if present else event in _OPTIONAL_CHANNEL):
            return False
    return all(_follows(names, prefix) for prefix in _BLOCKS_OF.get(event, ()))


def _follows(names: tuple[str, ...], prefix: str) -> bool:
    sequence = _SEQUENCES[prefix]
    try:
        start = names.index(sequence[0])
    except ValueError:
        return False
    return names[start : start + len(sequence)] == sequence


class Mender:
    """Puts a message together again that a caller cut at their number, without what stood in between.

    Only the cut at ``CallerIDNum`` can be mended: the ten headers that follow it do not fit into 79 characters,
    so the tail is Asterisk's own. A cut at the dialled number leaves a tail that could be forged.
    """

    def __init__(self) -> None:
        self._head: list[tuple[str, str]] | None = None

    def cut(self, block: bytes) -> None:
        """Remember a broken event, if it ends where a caller's number stands; what was forged after it does not."""
        pairs = header_pairs(block)
        if pairs and pairs[-1][0] == "CallerIDNum":
            self._head = pairs

    def clear(self) -> None:
        """A whole event came: no tail is to be expected any more."""
        self._head = None

    def orphan(self, block: bytes) -> Headers | None:
        """The whole event that ``block`` is the tail of, its ``CallerIDNum`` emptied; else None."""
        head, self._head = self._head, None
        tail = header_pairs(block)
        if head is None or not tail or tail[0][0] != "CallerIDName":
            return None
        return checked([*head[:-1], ("CallerIDNum", ""), *tail])
