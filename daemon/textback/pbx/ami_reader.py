"""From the bytes of an AMI session to facts: peek, check, translate; nothing here waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from textback.events import Fact
from textback.pbx.ami_facts import WANTED, Translator
from textback.pbx.tampering import LONGEST_NUMBER, Cut, begins_message, read_event
from textback.pbx.wire import EOL, Blocks, event_name

#: Seconds after which the last message counts though no other has begun: the rest of a cut one follows at once.
SETTLE = 0.05

#: the items of the lists that we ask for, with a caller's number in them
_ITEMS = frozenset({b"CoreShowChannel", b"Status", b"QueueEntry", b"BridgeListItem"})
#: what a number may cut without that the rest ends a channel block
_WITHOUT_CHANNEL = frozenset({b"QueueEntry", b"BridgeListItem", b"MessageWaiting"})
_LISTED = frozenset(name.decode() for name in _ITEMS)
#: what ends those lists: only its ActionID matters
_LISTS = (b"CoreShowChannels", b"Status", b"QueueStatus", b"BridgeList")
_ENDS = frozenset(b"Event: %sComplete" % name for name in _LISTS)
_ALL = (b"", (b"",))
#: by the first line of a message that means something: what to look for from its end, and what must be found there
_FILTERS = {b"Event: " + name: _ALL for name in WANTED | _ITEMS} | {
    b"Event: VarSet": (
        b"\r\nVariable: ",
        (b"\r\nVariable: QUEUESTATUS\r", b"\r\nVariable: DIALSTATUS\r", b"\r\nVariable: VMSTATUS\r"),
    ),
    b"Event: Newexten": (
        b"\r\nApplication: ",
        (b"\r\nApplication: Queue\r", b"\r\nApplication: VoiceMail\r", b"\r\nApplication: MinivmRecord\r"),
    ),
}


class Reader:
    """Takes the bytes of one session, gives facts to ``on_fact`` in the order in which they arrived.

    Answers to actions go to ``on_answer`` as raw blocks. ``tampered`` counts the messages that a caller had
    cut or forged, ``oversized`` the blocks that never ended, ``faults`` those that could not be taken.
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
        #: the last message that means something, and when it came
        self._head: bytes | None = None
        self._at = 0.0
        #: messages that may have been cut, and whether the rest of one has come
        self._cuts: list[Cut] = []
        self._rest_came = False
        self._watches = False

    def feed(self, data: bytes, at: float) -> None:
        """Take what arrived at ``at`` (seconds since the epoch); the last message is held, see ``settle``."""
        self._sort(self._blocks.feed(data), at)

    def _sort(self, blocks: Iterable[bytes], at: float) -> None:
        for block in blocks:
            if self._watches and self._is_rest(block):
                continue
            line = block[: block.find(b"\r")]
            wanted = _FILTERS.get(line)
            if wanted is not None:
                self.events += 1
                mark, found = wanted
                if block.startswith(found, block.rfind(mark)):
                    self._head, self._at, self._watches = block, at, True
            elif line not in _ENDS and block.startswith(b"Event: "):
                self.events += 1
            else:
                self._other(block, at)

    def settle(self) -> None:
        """Nothing came for ``SETTLE`` seconds, or the session is over: take what is held, if it is complete."""
        rest = self._blocks.rest
        if not self._rest_came and (not rest or begins_message(rest)):
            self._release()

    def _other(self, block: bytes, at: float) -> None:
        """Take what is no event, but perhaps an answer, or the end of one."""
        if block.startswith(EOL):
            self._sort([block.lstrip(EOL)], at)
        elif begins_message(block) or block.startswith(b"Asterisk Call Manager/"):
            self.events += block.startswith(b"Event: ")
            self._answer(block)
        elif block:
            self._tampering("the rest of a message")

    # -- what is held -----------------------------------------------------------------------------------

    def _is_rest(self, block: bytes) -> bool:
        """Whether ``block`` is the rest of a message before it; if it begins one, what is held is complete."""
        if begins_message(block):
            self._release()
            if self._cuts:
                self._behind(block)
            return False
        if self._head is not None:
            self._cuts.append(Cut(self._head))
            self._head = None
        for cut in self._cuts:
            cut.add(block)
        self._rest_came = True
        return True

    def _behind(self, block: bytes) -> None:
        """A message begins behind one that was cut: forged with it, or the next one, if it is too long for that."""
        if len(block) > LONGEST_NUMBER:
            self._cuts.clear()
            self._watches = False
        for cut in self._cuts:
            cut.add(block)

    def _release(self) -> None:
        if self._rest_came:
            self._tampering("a message cut in two")
            self._mend()
        elif self._head is not None and not self._take(self._head, tampered=False):
            self._tampering("a message that is not whole")
            if len(self._head) > LONGEST_NUMBER:  # what is shorter was forged itself, behind the one that was cut
                self._cuts = [Cut(self._head)]
        self._head = None
        self._watches = bool(self._cuts)

    def _mend(self) -> None:
        cuts, self._cuts, self._rest_came = self._cuts, [], False
        for cut in reversed(cuts):
            mended = cut.mended()
            if mended is not None and self._take(mended, tampered=True):
                return
        # No number has cut what is whole and has no rest: the PBX itself has said something strange behind it.
        for cut in cuts:
            if not cut.has_rest and event_name(cut.head) not in _WITHOUT_CHANNEL:
                self._take(cut.head, tampered=False)

    # -- what is whole ----------------------------------------------------------------------------------

    def _take(self, block: bytes, tampered: bool) -> bool:
        """Hand on a message; False if it is not as Asterisk sends it."""
        event = read_event(block)
        if event is None:
            return False
        if event["Event"] in _LISTED:
            self._answer(block)
            return True
        try:
            for fact in self.translator.take(event, self._at, tampered):
                self._on_fact(fact)
        except Exception:
            self._fault()
        return True

    def _answer(self, block: bytes) -> None:
        try:
            self.on_answer(block)
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
