"""From the bytes of an AMI session to facts: peek, check, translate; nothing here waits."""

from __future__ import annotations

import logging
from collections.abc import Callable

from textback.events import Fact
from textback.pbx.ami_facts import WANTED, Translator
from textback.pbx.tampering import LONGEST_NUMBER, begins_message, mend, read_event
from textback.pbx.wire import EOL, Blocks, event_name

#: Seconds after which the last message counts though no other has begun: the rest of a cut one follows at once.
SETTLE = 0.05

#: of these events, only those with such a header mean something; it is one of the last
_FILTERS = {
    b"VarSet": (b"\r\nVariable: ", (b"QUEUESTATUS\r\n", b"DIALSTATUS\r\n", b"VMSTATUS\r\n")),
    b"Newexten": (b"\r\nApplication: ", (b"Queue\r\n", b"VoiceMail\r\n", b"MinivmRecord\r\n")),
}
#: the items of the lists that we ask for, with a caller's number in them
_ITEMS = frozenset({b"CoreShowChannel", b"Status", b"QueueEntry"})
#: what ends those lists: only its ActionID matters
_ENDS = frozenset({b"CoreShowChannelsComplete", b"StatusComplete", b"QueueStatusComplete"})
_ALWAYS = (b"", (b"",))
_KINDS = dict.fromkeys(WANTED | _ITEMS | _ENDS, _ALWAYS) | _FILTERS


class Reader:
    """Takes the bytes of one session, gives facts to ``on_fact`` in the order in which they arrived.

    Answers to actions go to ``on_answer`` as raw blocks. ``tampered`` counts the messages that a caller had
    cut or forged, ``oversized`` the blocks that never ended, ``faults`` the events that could not be taken.
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
        self.faults = 0
        self.on_answer = on_answer
        self._on_fact = on_fact
        self._log = log
        self._blocks = Blocks(self._oversize)
        #: the last message that means something, when it came, and the last block after it that begins none
        self._head: bytes | None = None
        self._at = 0.0
        self._tail: bytes | None = None
        #: a message that was cut, whose rest may still come
        self._cut: bytes | None = None
        self._watches = False

    def feed(self, data: bytes, at: float) -> None:
        """Take what arrived at ``at`` (seconds since the epoch); the last message is held, see ``settle``."""
        for block in self._blocks.feed(data):
            if self._watches and self._is_rest(block):
                continue
            if not block.startswith(b"Event: "):
                block = block.lstrip(EOL)  # a TestEvent may end with one line end too many
                if not block.startswith(b"Event: "):
                    self._answer(block)
                    continue
            self.events += 1
            name = block[7 : block.find(EOL)]
            kind = _KINDS.get(name)
            if kind is None:
                continue
            mark, values = kind
            if mark and not block.startswith(values, block.rfind(mark) + len(mark)):
                continue
            if name in _ENDS:
                self._give(self.on_answer, block)
            else:
                self._head, self._at, self._watches = block, at, True

    def settle(self) -> None:
        """Nothing came for ``SETTLE`` seconds, or the session is over: take what is held, if nothing is left of it."""
        if self._tail is None and not self._blocks.rest:
            self._release()

    # -- what is held -----------------------------------------------------------------------------------

    def _is_rest(self, block: bytes) -> bool:
        """Whether ``block`` is the rest of a message before it; if it begins one, what is held is complete."""
        block = block.lstrip(EOL)
        if not begins_message(block):
            self._tail = block
            return True
        self._release()
        if len(block) > LONGEST_NUMBER:  # nobody forged this one: the rest of the cut one does not come any more
            self._cut = None
            self._watches = False
        return False

    def _release(self) -> None:
        head, tail = self._head, self._tail
        self._head = self._tail = None
        if tail is not None:
            self._tampering("a message cut in two")
            self._mend(head, tail)
        elif head is not None and not self._take(head):
            self._tampering("a message that is not whole")
            self._cut = head
        self._watches = self._cut is not None

    def _mend(self, head: bytes | None, tail: bytes) -> None:
        heads = [block for block in (head, self._cut) if block is not None]
        self._cut = None
        for block in heads:
            mended = mend(block, tail)
            if mended is not None and self._take(mended, tampered=True):
                return

    # -- what is whole ----------------------------------------------------------------------------------

    def _take(self, block: bytes, tampered: bool = False) -> bool:
        """Hand on a message; False if it is not as Asterisk sends it."""
        event = read_event(block)
        if event is None:
            return False
        if event_name(block) in _ITEMS:
            self._give(self.on_answer, block)
            return True
        try:
            for fact in self.translator.take(event, self._at, tampered):
                self._on_fact(fact)
        except Exception:
            self._fault()
        return True

    def _answer(self, block: bytes) -> None:
        if begins_message(block) or block.startswith(b"Asterisk Call Manager/"):
            self._give(self.on_answer, block)
        elif block:
            self._tampering("the rest of a message")

    def _give(self, receiver: Callable[[bytes], None], block: bytes) -> None:
        try:
            receiver(block)
        except Exception:
            self._fault()

    # -- what is told -----------------------------------------------------------------------------------

    def _fault(self) -> None:
        # One message that cannot be taken must not cost the others; once in the log is enough to mend it.
        self.faults += 1
        if self.faults == 1:
            self._log.exception("a message of %s could not be taken", self.translator.pbx)

    def _tampering(self, what: str) -> None:
        # Once is enough to raise the alarm; a forger sends it with every event of the call.
        if not self.tampered:
            self._log.warning("a caller forges PBX messages: %s was dropped on %s", what, self.translator.pbx)
        self.tampered += 1

    def _oversize(self, size: int) -> None:
        self.oversized += 1
        self._log.warning("%s sent %d bytes without an end; they are dropped", self.translator.pbx, size)
