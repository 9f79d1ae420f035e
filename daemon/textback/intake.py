"""Between the readers, which never wait, and the writer: facts in order, bounded, dropped by rule."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic, perf_counter
from typing import NamedTuple

from textback import numbers
from textback.call import Call
from textback.clock import Clock
from textback.events import CallerArrived, CallerLeft, CallLost, Fact, HoldEnded, HoldStarted, KeyPressed
from textback.events import LinkLost, LinkSynced, Ringing, Talking, TextRequested, pbx_of
from textback.ledger import Entry
from textback.measures import Measures
from textback.orders import Order
from textback.overflow import Overflow
from textback.set_back import SetBack
from textback.store.engine import StoreError
from textback.store.leases import Lease
from textback.store.writer import Job, Writer
from textback.tape import Tape
from textback.tracker import Tracker

#: facts that may wait for the database: some minutes of a busy call centre, some 20 MB
LIMIT = 50_000
#: what may be dropped: a resync tells where every caller is, but not what was tried for them, or which key they pressed
_LESSER = (HoldStarted, HoldEnded, Ringing, Talking)
#: what a decision may follow from at once
_DECISIVE = (CallerLeft, CallLost, KeyPressed, TextRequested)


#: Seconds, at most, between two signs of life to those who stand by; and at least, as each is written for every PBX.
BEAT, SELDOM = 1.0, 0.5


class NotHeld(Exception):
    """Another daemon writes for that PBX, or nobody does now: nothing was done."""


#: the call that somebody waits for, and where its state is put
Asked = tuple[str, asyncio.Future[Call | None]]


class _Claimed(NamedTuple):
    """The PBX that the batch in hand takes over, and how far its tape was then."""

    pbx: str
    serial: int
    synced_at: float | None
    ended: list[str]


class Intake:
    """Takes facts from the links in the event loop and hands them to the writer, one batch at a time.

    Beyond ``limit`` the lesser facts are dropped: a call that lost one is ``lost`` if it ends before a resync
    has told its state again, since nobody can say how it ended. ``on_overflow`` asks a PBX's link for that, once
    there is room again.

    What the links tell of a PBX that another daemon writes for is kept on its tape until this one takes over.
    ``on_held`` hears of each PBX that is taken over (True) or lost (False).
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
        on_held: Callable[[str, bool], None] = lambda pbx, held: None,
        measures: Measures | None = None,
        monotonic: Callable[[], float] = monotonic,
    ) -> None:
        #: all PBXes were given back: this daemon stops
        self.is_ending = False
        self.measures = measures or Measures()
        self._tracker, self._writer, self._clock, self._log, self._limit = tracker, writer, clock, log, limit
        self._on_decided, self._on_overflow, self._on_fault = on_decided, on_overflow, on_fault
        self._on_order, self._on_held, self._monotonic = on_order, on_held, monotonic
        #: by how much the clock was set back, as long as no batch has heard of it
        self._set_back, self._went_back = SetBack(clock, monotonic), 0.0
        self._waiting: deque[Fact] = deque()
        #: when what is decisive arrived
        self._arrived, self._arrived_in_hand = list[float](), list[float]()
        self._in_hand: Future[list[Entry]] | None = None
        #: the facts of the batch in hand, and when the last sign of life was handed over
        self._facts_in_hand, self._beat_at = list[Fact](), float("-inf")
        self._tapes: dict[str, Tape] = {}
        #: the PBXes that this daemon writes for, as far as is durable; the leases that it is about to take
        self.held = tracker.held
        self._claims, self._given_up = dict[str, Lease](), set[str]()
        self._leaving: str | None = None
        self._claimed: _Claimed | None = None
        self._asked, self._asked_in_hand = list[Asked](), list[Asked]()
        #: calls whose arrival is not durable yet
        self._arriving: set[str] = set()
        self._overflow = Overflow(log)
        self._idle, self._loop = asyncio.Event(), asyncio.get_running_loop()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def dropped(self) -> int:
        """How many facts were lost, as more waited than can be kept."""
        return self._overflow.dropped

    def hear(self, fact: Fact) -> None:
        """Take a fact that a link tells; never waits. If another daemon writes for its PBX, it is only kept."""
        pbx = pbx_of(fact)
        self.tape(pbx).note(fact)
        if pbx in self.held:
            self.put(fact)

    def tape(self, pbx: str) -> Tape:
        """What the link to a PBX told lately."""
        return self._tapes.setdefault(pbx, Tape())

    def take_over(self, seen: Lease) -> None:
        """Take the lease of a PBX, if it still is as ``seen``, and do what its tape tells; never waits."""
        claimed = self._claimed.pbx if self._claimed else None
        if seen.pbx not in (claimed, *self.held):
            self._claims[seen.pbx] = seen
            self._submit()

    def give_up(self, pbx: str) -> None:
        """Leave a PBX to another daemon, once what came before is durable; never waits."""
        if pbx in self.held:
            self._given_up.add(pbx)
            self._submit()

    def put(self, fact: Fact) -> None:
        """Take a fact of a PBX that this daemon writes for; never waits."""
        if isinstance(fact, LinkLost):
            self._overflow.link_lost(fact.pbx)
        elif isinstance(fact, LinkSynced):
            self._overflow.link_synced(fact.pbx)
        elif len(self._waiting) >= self._limit and isinstance(fact, _LESSER):
            self._overflow.drop(fact, len(self._waiting))
            return
        elif isinstance(fact, CallerLeft) and self._overflow.is_blurred(fact.call_id):
            fact = CallLost(fact.call_id, fact.at)
        elif isinstance(fact, CallerArrived):
            self._arriving.add(fact.call_id)
        self._waiting.append(fact)
        if isinstance(fact, _DECISIVE):
            self._arrived.append(perf_counter())
        self._submit()

    def knows(self, call_id: str) -> bool:
        """Whether that call is open, or settling; also one that the database was not told of yet."""
        return call_id in self._arriving or self._tracker.knows(call_id)

    @property
    def is_stuck(self) -> bool:
        """Whether the database is known not to take what is written: who waits for an answer waits in vain."""
        return self._writer.failing_since is not None

    async def ask(self, *facts: Fact) -> Call | None:
        """Take facts of a call whose effect somebody waits for; the call after them, once that is durable.

        None if it is over. Raises ``NotHeld`` where another daemon writes for the PBX.
        """
        if pbx_of(facts[0]) not in self.held:
            raise NotHeld
        *before, last = facts
        for fact in before:
            self.put(fact)
        answer: asyncio.Future[Call | None] = self._loop.create_future()
        self._asked.append((last.call_id or f"{pbx_of(last)}/", answer))  # what is said of a PBX is of no call
        self.put(last)
        return await answer

    def _answer(self, fault: BaseException | None) -> None:
        """Tell those who asked in the batch that is done."""
        for call_id, answer in self._asked_in_hand:
            if answer.done():
                continue  # whoever asked does not wait any more
            if fault is not None:
                answer.set_exception(fault)
            elif call_id.partition("/")[0] not in self.held:
                answer.set_exception(NotHeld())
            else:
                answer.set_result(self._tracker.call(call_id))
        self._asked_in_hand = []

    def pass_time(self) -> None:
        """Let deadlines pass that are due now, and give those who stand by a sign of life."""
        self._watch_clock()
        due = self._tracker.next_deadline
        if self._tapes and self.held and self._is_silent() or due is not None and due <= self._clock():
            self._submit(with_time=True)

    def _watch_clock(self) -> None:
        """Where another daemon writes, it notices by itself that its clock was set back."""
        by = self._set_back.seconds()
        self._went_back = self._went_back + by if self.held else 0.0

    def _is_silent(self) -> bool:
        return self._monotonic() - self._beat_at >= BEAT

    async def drained(self) -> None:
        """Wait until everything that was taken is durable."""
        await self._idle.wait()

    def _submit(self, with_time: bool = False) -> None:
        wanted = self._waiting or self._claims or self._given_up or with_time
        if self._in_hand is not None or not wanted:
            return
        try:
            self._in_hand = self._writer.submit(self._next_job())
        except StoreError as error:  # it stops: the next start learns from the PBX what is not written
            self._asked_in_hand, self._asked = self._asked_in_hand + self._asked, []
            self._answer(error)
            return
        self._idle.clear()
        self._in_hand.add_done_callback(lambda done: self._loop.call_soon_threadsafe(self._done, done))

    def _next_job(self) -> Job[list[Entry]]:
        self._arrived_in_hand = []
        self._watch_clock()
        if self._claims and not (self.held and (self._went_back or self._is_silent())):
            pbx, seen = self._claims.popitem()
            tape = self.tape(pbx)
            self._claimed = _Claimed(pbx, tape.serial, tape.synced_at, tape.ended())
            return self._tracker.takeover(seen, tape.told(), tape.synced_at, self._clock())
        if self._given_up and not self._waiting and not self._went_back:
            self._leaving = self._given_up.pop()
            return self._tracker.give_up(self._leaving)
        self._facts_in_hand = list(self._waiting)
        self._waiting.clear()
        self._asked_in_hand, self._asked = self._asked, []
        self._arrived_in_hand, self._arrived = self._arrived, []
        if beats := self._monotonic() - self._beat_at >= SELDOM:
            self._beat_at = self._monotonic()
        set_back, self._went_back = self._went_back, 0.0
        return self._tracker.batch(self._facts_in_hand, self._clock(), beats, set_back)

    def _done(self, batch: Future[list[Entry]]) -> None:
        self._in_hand = None
        fault = batch.exception()
        if fault is None:
            self._note_held()
        self._answer(fault)
        orders = [] if fault else self._tracker.orders
        if fault is not None:
            self._idle.set()
            self._on_fault(fault)
            return
        self.measures.note_batch(self._arrived_in_hand, self._tracker.finished, batch.result())
        self._arriving = {one.call_id for one in self._waiting if isinstance(one, CallerArrived)}
        self._submit()
        for pbx in self._overflow.to_ask():
            self._on_overflow(pbx)
        if self._in_hand is None:
            self._idle.set()
        for order in orders:
            self._on_order(order)
        decided = batch.result()
        for entry in decided:
            self._tell(entry)
        if decided:
            self._on_decided(decided)

    def _note_held(self) -> None:
        """What is durable now need not be kept; and whose calls they are may have changed."""
        before, self.held = self.held, self._tracker.held
        done = [fact for fact in self._facts_in_hand if isinstance(fact, (CallerLeft, CallLost))]
        for pbx in self._tapes.keys() & self.held:
            self._tapes[pbx].forget([fact.call_id for fact in done if pbx_of(fact) == pbx])
        self._facts_in_hand = []
        for pbx in before - self.held:
            self._lose(pbx)
        claimed, self._claimed = self._claimed, None
        if claimed is not None and claimed.pbx in self.held:
            self._gain(claimed)

    def _gain(self, claimed: _Claimed) -> None:
        """What came while the PBX was being taken over is next."""
        pbx, tape = claimed.pbx, self.tape(claimed.pbx)
        self._log.info("%s: this daemon writes its calls from now on", pbx)
        tape.forget(claimed.ended)
        moved = tape.synced_at != claimed.synced_at
        if moved:
            self.put(LinkLost("", self._clock(), pbx))
        for told in tape.told(after=claimed.serial):
            self.put(told.fact)
        if moved and tape.synced_at is not None:
            self.put(LinkSynced("", tape.synced_at, pbx))
        self._on_held(pbx, True)

    def _lose(self, pbx: str) -> None:
        """What the link told stands on the tape; who asked for something hears that it was not done."""
        if self.is_ending or pbx == self._leaving:
            self._leaving = None
            self._log.debug("%s: whoever stands by may write its calls", pbx)
        else:
            self._log.warning("%s: another daemon writes its calls, this one stands by", pbx)
        self._waiting = deque(fact for fact in self._waiting if pbx_of(fact) != pbx)
        lost, self._asked = self._asked, []
        for call_id, answer in lost:
            if call_id.partition("/")[0] != pbx:
                self._asked.append((call_id, answer))
            elif not answer.done():
                answer.set_exception(NotHeld())
        self._on_held(pbx, False)

    def _tell(self, entry: Entry) -> None:
        if entry.decision is not None:
            call, decision = entry.call, entry.decision
            told = {"call": call.id, "verdict": decision.verdict, "reason": decision.reason}
            said = (call.id, decision.why, decision.reason, numbers.Masked(entry.number))
            self._log.info("%s %s [%s] %s", *said, extra={"told": told})
