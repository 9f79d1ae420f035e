"""From the bytes of an AMI session to facts: peek, check, translate; nothing here waits."""

from __future__ import annotations

import logging
from collections.abc import Callable

from textback.events import Fact
from textback.pbx.ami_facts import WANTED, Translator
from textback.pbx.wire import Blocks, Headers, Mender, event_name, is_orphan, read_event

_VARIABLES = (b"\r\nVariable: QUEUESTATUS\r\n", b"\r\nVariable: DIALSTATUS\r\n", b"\r\nVariable: VMSTATUS\r\n")
_APPLICATIONS = (b"\r\nApplication: Queue\r\n", b"\r\nApplication: VoiceMail\r\n", b"\r\nApplication: MinivmRecord\r\n")
#: the items of the lists that we ask for, and what comes after a login; each goes to whoever asked
_ANSWERS = frozenset(
    {
        b"CoreShowChannel",
        b"CoreShowChannelsComplete",
        b"QueueParams",
        b"QueueMember",
        b"QueueEntry",
        b"QueueStatusComplete",
        b"Status",
        b"StatusComplete",
        b"FullyBooted",
    }
)
_FILTERED = {b"VarSet": _VARIABLES, b"Newexten": _APPLICATIONS}


class Reader:
    """Takes the bytes of one session, gives facts to ``on_fact`` in the order in which they arrived.

    Answers to actions go to ``on_answer`` as raw blocks. ``tampered`` counts the messages that a caller had
    cut or forged, ``oversized`` the blocks that never ended.
    """

    def __init__(
        self,
        translator: Translator,
        on_fact: Callable[[Fact], None],
        on_answer: Callable[[bytes], None] = lambda block: None,
        log: logging.Logger = logging.getLogger("textback.ami"),
    ) -> None:
        self.translator = translator
        self.events = 0
        self.tampered = 0
        self.oversized = 0
        self._on_fact = on_fact
        self.on_answer = on_answer
        self._log = log
        self._blocks = Blocks(self._oversize)
        self._mender = Mender()

    def feed(self, data: bytes, at: float) -> None:
        """Take what arrived at ``at`` (seconds since the epoch)."""
        for block in self._blocks.feed(data):
            name = event_name(block)
            if name is None:
                self._other(block, at)
                continue
            self.events += 1
            if name in WANTED:
                if _passes(name, block):
                    self._event(block, at)
            elif name in _ANSWERS:
                self.on_answer(block)

    def _event(self, block: bytes, at: float) -> None:
        event = read_event(block)
        if event is None:
            self._tampering("an event that is not whole")
            self._mender.cut(block)
        else:
            self._mender.clear()
            self._take(event, at)

    def _other(self, block: bytes, at: float) -> None:
        if not is_orphan(block):
            self.on_answer(block)
            return
        event = self._mender.orphan(block)
        if event is not None and event["Event"].encode() in WANTED:
            self._take(event, at, tampered=True)

    def _take(self, event: Headers, at: float, tampered: bool = False) -> None:
        for fact in self.translator.take(event, at, tampered):
            self._on_fact(fact)

    def _tampering(self, what: str) -> None:
        # Once is enough to raise the alarm; a forger sends it with every event of the call.
        if not self.tampered:
            self._log.warning("a caller forges PBX messages: %s was dropped on %s", what, self.translator.pbx)
        self.tampered += 1

    def _oversize(self, size: int) -> None:
        self.oversized += 1
        self._log.warning("%s sent %d bytes without an end; they are dropped", self.translator.pbx, size)


def _passes(name: bytes, block: bytes) -> bool:
    wanted = _FILTERED.get(name)
    return wanted is None or any(line in block for line in wanted)
