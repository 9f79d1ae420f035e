"""Between the readers, which never wait, and the writer: facts in order, bounded, dropped by rule."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from textback import numbers
from textback.call import Call
from textback.clock import Clock
from textback.events import CallerArrived, CallerLeft, CallLost, Fact, HoldEnded, HoldStarted, LinkLost, LinkSynced
from textback.events import Ringing, Talking
from textback.ledger import Entry
from textback.orders import Order
from textback.store.writer import Writer
from textback.tracker import Tracker

#: facts that may wait for the database: some minutes of a busy call centre, some 20 MB
LIMIT = 50_000
#: what may be dropped: a resync tells where every caller is, but not what was tried for them, or which key they pressed
_LESSER = (HoldStarted, HoldEnded, Ringing, Talking)


#: the call that somebody waits for, and where its state is put
Asked = tuple[str, asyncio.Future[Call | None]]


class Intake:
    """Takes facts from the links in the event loop and hands them to the writer, one batch at a time.

    Beyond ``limit`` the lesser facts are dropped: a call that lost one is ``lost`` if it ends before a resync
    has told its state again, since nobody can say how it ended. ``on_overflow`` asks a PBX's link for that, once
    there is room again.
    """

    def __init__(
        self,
        tracker: Tracker,
        writer: Writer,
        clock: Clock,
        on_decided: Callable[[list[Entry]], None],
        on_overflow: Callable[[str], None],
        on_fault: Callable[[BaseException], None],
        on_order: Callable[[Order], None] = lambda order: None,
        log: logging.Logger = logging.getLogger("textback.calls"),
        limit: int = LIMIT,
    ) -> None:
        self.dropped = 0
        self._tracker = tracker
        self._writer = writer
        self._clock = clock
        self._on_decided = on_decided
        self._on_overflow = on_overflow
        self._on_fault = on_fault
        self._on_order = on_order
        self._log = log
        self._limit = limit
        self._waiting: deque[Fact] = deque()
        self._in_hand: Future[list[Entry]] | None = None
        self._asked: list[Asked] = []
        self._asked_in_hand: list[Asked] = []
        #: calls whose arrival is not durable yet
        self._arriving: set[str] = set()
        #: calls that lost a fact; those of them that the link is about to learn again; the PBXes to ask for it
        self._blurred: set[str] = set()
        self._healing: set[str] = set()
        self._behind: set[str] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, fact: Fact) -> None:
        """Take a fact; never waits."""
        if isinstance(fact, LinkLost):
            self._healing |= self._blurred_of(fact.pbx)
        elif isinstance(fact, LinkSynced):
            self._healed(fact.pbx)
        elif len(self._waiting) >= self._limit and isinstance(fact, _LESSER):
            self._drop(fact)
            return
        elif isinstance(fact, CallerLeft) and fact.call_id in self._blurred:
            fact = CallLost(fact.call_id, fact.at)
        elif isinstance(fact, CallerArrived):
            self._arriving.add(fact.call_id)
        self._waiting.append(fact)
        self._submit()

    def knows(self, call_id: str) -> bool:
        """Whether that call is open, or settling; also one that the database was not told of yet."""
        return call_id in self._arriving or self._tracker.knows(call_id)

    @property
    def is_stuck(self) -> bool:
        """Whether the database is known not to take what is written: who waits for an answer waits in vain."""
        return self._writer.failing_since is not None

    async def ask(self, fact: Fact) -> Call | None:
        """Take a fact whose effect somebody waits for; the call after it, once that is durable, None if it is over."""
        answer: asyncio.Future[Call | None] = self._loop.create_future()
        self._asked.append((fact.call_id, answer))
        self.put(fact)
        return await answer

    def _answer(self, fault: BaseException | None) -> None:
        """Tell those who asked in the batch that is done."""
        for call_id, answer in self._asked_in_hand:
            if answer.done():
                continue  # whoever asked does not wait any more
            if fault is not None:
                answer.set_exception(fault)
            else:
                answer.set_result(self._tracker.call(call_id))
        self._asked_in_hand = []

    def _drop(self, fact: Fact) -> None:
        if not self._blurred:
            self._log.error("the database is behind by %d facts: lesser ones are dropped", len(self._waiting))
        self.dropped += 1
        self._blurred.add(fact.call_id)
        self._healing.discard(fact.call_id)
        self._behind.add(fact.call_id.partition("/")[0])

    def _blurred_of(self, pbx: str) -> set[str]:
        return {call_id for call_id in self._blurred if call_id.startswith(f"{pbx}/")}

    def _healed(self, pbx: str) -> None:
        """A link that was down has told again what is true, but for what was dropped meanwhile."""
        healed = self._blurred_of(pbx) & self._healing
        self._blurred -= healed
        self._healing -= healed
        if not self._blurred_of(pbx):
            self._behind.discard(pbx)

    def _catch_up(self) -> None:
        """There is room again: learn what was lost."""
        behind, self._behind = self._behind, set()
        for pbx in sorted(behind):
            self._on_overflow(pbx)

    def pass_time(self) -> None:
        """Let deadlines pass that are due now."""
        due = self._tracker.next_deadline
        if due is not None and due <= self._clock():
            self._submit(with_time=True)

    async def drained(self) -> None:
        """Wait until everything that was taken is durable."""
        await self._idle.wait()

    def _submit(self, with_time: bool = False) -> None:
        if self._in_hand is not None or not (self._waiting or with_time):
            return
        self._in_hand = self._writer.submit(self._tracker.batch(list(self._waiting), self._clock()))
        self._waiting.clear()
        self._asked_in_hand, self._asked = self._asked, []
        self._idle.clear()
        self._in_hand.add_done_callback(lambda done: self._loop.call_soon_threadsafe(self._done, done))

    def _done(self, batch: Future[list[Entry]]) -> None:
        self._in_hand = None
        fault = batch.exception()
        self._answer(fault)
        orders = [] if fault else self._tracker.orders
        if fault is not None:
            self._idle.set()
            self._on_fault(fault)
            return
        self._arriving = {one.call_id for one in self._waiting if isinstance(one, CallerArrived)}
        self._submit()
        self._catch_up()
        if self._in_hand is None:
            self._idle.set()
        for order in orders:
            self._on_order(order)
        decided = batch.result()
        for entry in decided:
            self._tell(entry)
        if decided:
            self._on_decided(decided)

    def _tell(self, entry: Entry) -> None:
        if entry.decision is not None:
            call, decision = entry.call, entry.decision
            self._log.info("%s %s [%s] %s", call.id, decision.why, decision.reason, numbers.Masked(entry.number))
