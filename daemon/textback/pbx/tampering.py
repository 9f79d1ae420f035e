"""Tells the AMI messages that Asterisk sent from what a caller made of them.

The caller's number, and the number that was dialled, reach AMI raw, with 79 characters at most: line ends in them
cut a message in two and may put a forged one in between. Two things betray it, whatever the number:

* What Asterisk sends carries each block of channel headers whole, in one order, without repeats. From
  ``CallerIDNum`` or ``ConnectedLineNum`` on, that is more than 79 characters, so nothing forged there is whole.
* After a message comes the beginning of another one. Behind a dialled number that forges the rest of its block
  (``Priority``, ``Uniqueid``, ``Linkedid``: 54 characters at least) there is no room for one (28): what follows is the
  true rest. So a message counts only once it is seen how the next one begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from textback.pbx.wire import END, EOL, Headers

#: characters; where Asterisk cuts a number
LONGEST_NUMBER = 79

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
#: the header that may stand more than once in one message (``channelvars`` of manager.conf adds it)
_REPEATED = "ChanVariable"
#: the last header of every channel block: what a number cuts a message of a channel in, its rest has it
_BLOCK_END = b"%s: " % _CHANNEL_BLOCK[-1].encode()
_HALF_END = re.compile(r"\r(?!\n)")


#: what nobody reads of it: to keep that too would cost half as much again
_UNREAD = frozenset({"ChannelStateDesc", "ConnectedLineNum", "ConnectedLineName", "AccountCode"})
_READ = tuple(name for name in _CHANNEL_BLOCK if name not in _UNREAD)


def _pattern(prefix: str) -> Callable[[str], re.Match[str] | None]:
    """Finds the channel block with that prefix: each header once, in order, with nothing between them.

    The last three never come without their blank, which would leave more room for what is forged.
    """
    lines = []
    for name in _CHANNEL_BLOCK:
        blank = " " if name in _CHANNEL_BLOCK[-3:] else " ?"
        value = "[^\\r]++" if name in _CHANNEL_BLOCK[-2:] else "[^\\r]*+"
        lines.append(rf"\r\n{prefix}{name}:{blank}" + (f"({value})" if name in _READ else value))
    return re.compile("".join(lines)).search


_PREFIXES = ("", "Dest", "Parkee", "Retriever", "OrigTransferer", "SecondTransferer", "Transferee", "TransferTarget")
_NAMES = {prefix: tuple(prefix + name for name in _READ) for prefix in _PREFIXES}
_PATTERNS = {prefix: _pattern(prefix) for prefix in _PREFIXES}
_OWN = (("", True),)
_PARKEE = (("", False), ("Parkee", True), ("Retriever", False))
_DIALLED = (("", False), ("Dest", True))
#: the channel blocks of an event, by prefix, and whether it always has them (an Originate dials without a channel,
#: a mailbox is polled); all other events have one block, without a prefix
_BLOCKS_OF = {
    "DialBegin": _DIALLED,
    "DialEnd": _DIALLED,
    "MessageWaiting": (("", False),),
    "BridgeListItem": (),
    "ParkedCall": _PARKEE,
    "UnParkedCall": _PARKEE,
    "ParkedCallTimeOut": _PARKEE,
    "ParkedCallGiveUp": _PARKEE,
    "AttendedTransfer": (
        *(("", False), ("OrigTransferer", True), ("SecondTransferer", True)),
        *(("Transferee", False), ("TransferTarget", False)),
    ),
}
_QUEUE_ENTRY = [
    *("Event", "Queue", "Position", "Channel", "Uniqueid", "CallerIDNum", "CallerIDName"),
    *("ConnectedLineNum", "ConnectedLineName", "Wait", "Priority", "ActionID"),
]

#: Whether Asterisk begins a message so; if not, it is the rest of one that was cut. An item of a list has no class,
#: but the ActionID of who asked. A TestEvent may end with one line end too many, which the next one then begins with.
#: Nothing shorter than 28 characters may match, or a forger has room for it.
begins_message: Callable[[bytes], object] = re.compile(
    rb"(?:\r\n)*(?:"
    rb"Event: \w{3,}\r\nPrivilege: \w[\w,]*,all"
    rb"|Event: \w{8,}\r\nActionID: ."
    rb"|Event: Status\r\nPrivilege: Call\r\nChannel: ."
    rb"|Event: Queue\w{5,}\r\nQueue: [^\r\n]*\r\n(?:Max|Name|Position): ."
    rb"|Response: \w{5,}\r\n(?:ActionID|Message): .."
    rb")"
).match
#: the header after each one that a caller or a dialled number fills -> that one
_POISONED = {
    (prefix + after).encode(): (prefix + before).encode()
    for prefix in _PREFIXES
    for after, before in (
        ("CallerIDName", "CallerIDNum"),
        ("ConnectedLineName", "ConnectedLineNum"),
        ("Priority", "Exten"),
    )
}


def read_event(block: bytes) -> Headers | None:
    """The headers of an event or of an item of a list, or None if it is not as Asterisk sends it.

    Bytes that are no UTF-8 become U+FFFD, and so does half a line end; a header without a value is ''.
    """
    text = block.decode("utf-8", "replace")
    return _read(text) or (_read(_HALF_END.sub("\ufffd", text)) if _HALF_END.search(text) else None)


def _read(text: str) -> Headers | None:
    end = text.find("\r\n")
    event = text[7:end]
    if event == "QueueEntry":
        return _queue_entry(text)
    headers: Headers = {"Event": event}
    text = text[end:]
    for prefix, always in _BLOCKS_OF.get(event, _OWN):
        found = _PATTERNS[prefix](text)
        if found:
            headers |= zip(_NAMES[prefix], found.groups())
            text = text[: found.start()] + text[found.end() :]
        elif always or f"\r\n{prefix}Uniqueid:" in text or f"\r\n{prefix}Linkedid:" in text:
            return None
    return headers if _add(headers, text) else None


def _add(headers: Headers, text: str) -> bool:
    """Add the headers outside of the channel blocks; False if one of them is there already."""
    for line in text.split("\r\n")[1:]:
        name, blank, value = line.partition(": ")
        if not blank:
            name, _, value = line.partition(":")
        if name not in headers:
            headers[name] = value
        elif name.endswith(_REPEATED):
            headers[name] += f"\n{value}"
        else:
            return False
    return True


def _queue_entry(text: str) -> Headers | None:
    headers: Headers = {"Event": "QueueEntry"}
    return headers if _add(headers, text) and list(headers) == _QUEUE_ENTRY else None


class Cut:
    """A message that a number may have cut in two, and what came behind it, of which the last is its true rest."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        #: whether some of what came behind it ends a channel block, as the rest of a message that was cut must
        self.has_rest = False
        self._tail = b""
        self._between = 0

    def add(self, block: bytes) -> None:
        """The next block behind it."""
        self._between += len(self._tail) + len(END)
        self._tail = block
        self.has_rest = self.has_rest or _BLOCK_END in block

    def mended(self) -> bytes | None:
        """The message put together again, its poisoned number emptied; None if head and rest do not fit.

        What stands between them must be one number: with two in a message, the second could forge the rest for the
        first. And the rest is Asterisk's own only if another message begins behind it.
        """
        tail = self._tail.lstrip(EOL)
        poisoned = _POISONED.get(tail[: tail.find(b":")])
        if poisoned is None:
            return None
        start, header, _ = self.head.partition(b"\r\n%s: " % poisoned)
        number = len(self.head) - len(start + header) + self._between + len(self._tail) - len(tail)
        if not header or number > LONGEST_NUMBER + len(EOL):
            return None
        return b"%s%s\r\n%s" % (start, header, tail)
