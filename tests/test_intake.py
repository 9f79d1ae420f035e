"""Between readers that never wait and a writer that may take its time: order, bounds, and what is dropped by rule."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    CallLost,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LinkLost,
    LinkSynced,
    NoAnswer,
    NobodyAnswered,
    PbxLeft,
    Place,
    Ringing,
    StaffReached,
    Talking,
    VoicemailTook,
)
from textback.intake import Intake, NotHeld
from textback.store.engine import StoreError
from textback.store.leases import Lease

LIMIT = 3
#: seconds of real time after which what never comes fails the test
PATIENCE = 5.0
CALL, OTHER, ELSEWHERE = "main/1.1", "main/1.2", "branch/1.1"

Batch = tuple[list[Fact], float]


class Tracker:
    """Makes jobs that can be looked at."""

    next_deadline: float | None = None
    held = frozenset({"main", "branch"})
    orders: list[Any] = []
    finished: list[Any] = []

    def __init__(self) -> None:
        #: what each batch, and each takeover (None), was told of the clock
        self.set_back: list[float | None] = []

    def batch(self, facts: Sequence[Fact], now: float, beats: bool, set_back: float) -> Batch:
        self.set_back.append(set_back)
        return list(facts), now

    def takeover(self, seen: Lease, tape: Sequence[Any], synced_at: float | None, now: float) -> Batch:
        self.set_back.append(None)
        return [], now

    def call(self, call_id: str) -> None:
        """None is known."""


class Writer:
    """Takes jobs, and is done with each when the test says so."""

    def __init__(self) -> None:
        self.jobs: list[Batch] = []
        self.futures: list[Future[list[Any]]] = []
        self.is_stopping = False

    def submit(self, job: Batch) -> Future[list[Any]]:
        if self.is_stopping:
            raise StoreError("the daemon is stopping", temporary=True)
        self.jobs.append(job)
        self.futures.append(Future())
        return self.futures[-1]

    async def finish(self, result: list[Any] | Exception | None = None) -> None:
        """The job in hand is durable, or has failed."""
        future = self.futures[-1]
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result or [])
        await asyncio.sleep(0)

    @property
    def facts(self) -> list[Fact]:
        return [fact for facts, _ in self.jobs for fact in facts]


class World:
    def __init__(self) -> None:
        self.tracker = Tracker()
        self.writer = Writer()
        self.decided: list[Any] = []
        self.asked: list[str] = []
        self.faults: list[BaseException] = []
        self.now = 100.0
        self.intake = Intake(
            self.tracker,  # type: ignore[arg-type]
            self.writer,  # type: ignore[arg-type]
            lambda: self.now,
            on_decided=self.decided.append,
            on_overflow=self.asked.append,
            on_fault=self.faults.append,
            limit=LIMIT,
        )

    def put(self, *facts: Fact) -> None:
        for fact in facts:
            self.intake.put(fact)

    def fill(self) -> None:
        """The database hangs with one batch in hand, and no more lesser facts may wait."""
        self.put(*(Ringing("main/0.0", float(at)) for at in range(LIMIT + 1)))
        assert len(self.intake) == LIMIT and self.intake.dropped == 0

    async def drain(self) -> None:
        """The database is back."""
        while not self.writer.futures[-1].done():
            await self.writer.finish()
        assert len(self.intake) == 0


def play(story: Callable[[World], Awaitable[None]]) -> World:
    async def run() -> World:
        world = World()
        await story(world)
        return world

    return asyncio.run(run())


def hold(call_id: str = CALL) -> HoldStarted:
    return HoldStarted(call_id, 1.0, Place.QUEUE, 1.0, "support")


LESSER: list[Fact] = [hold(), HoldEnded(CALL, 1.0), Ringing(CALL, 1.0), Talking(CALL, 1.0)]
KEPT: list[Fact] = [
    CallerArrived(CALL, 1.0, "main", "1.1", "+12025550143"),
    CallerKnown(CALL, 1.0, None, tampered=True),
    KeyPressed(CALL, 1.0, "5"),
    NobodyAnswered(CALL, 1.0, NoAnswer.QUEUE_TIMEOUT),
    VoicemailTook(CALL, 1.0),
    CallerLeft(CALL, 1.0),
    CallLost(CALL, 1.0),
    StaffReached(CALL, 1.0, "+12025550143"),
    LinkLost("", 1.0, "main"),
    LinkSynced("", 1.0, "main"),
]


# -- order -----------------------------------------------------------------------------------------------------


def test_facts_are_handed_on_in_their_order_one_batch_at_a_time() -> None:
    async def story(w: World) -> None:
        w.put(*LESSER[:1])
        assert len(w.writer.jobs) == 1, "at once"
        w.put(*KEPT[:2])
        w.now = 101.0
        await w.writer.finish()
        assert w.writer.jobs == [(LESSER[:1], 100.0), (KEPT[:2], 101.0)]
        await w.writer.finish()
        w.put(*KEPT[2:3])
        assert w.writer.facts == LESSER[:1] + KEPT[:3]

    play(story)


def test_what_was_taken_is_drained_once_it_is_durable() -> None:
    async def story(w: World) -> None:
        await w.intake.drained()
        w.put(hold(), *KEPT[:1])
        drained = asyncio.create_task(w.intake.drained())
        w.put(*KEPT[1:2])
        await w.writer.finish()
        assert not drained.done()
        await w.writer.finish()
        await drained

    play(story)


def test_a_batch_hears_once_by_how_much_the_clock_was_set_back() -> None:
    async def story(w: World) -> None:
        w.put(hold())
        w.now = 40.0
        w.intake.pass_time()  # while the database takes its time
        w.now = 41.0
        w.put(*KEPT[:1])
        await w.writer.finish()
        await w.writer.finish()
        w.put(*KEPT[1:2])
        assert w.tracker.set_back == [0.0, pytest.approx(60.0, abs=1.0), 0.0]

    play(story)


def test_who_stands_by_leaves_a_clock_that_was_set_back_to_the_writer() -> None:
    async def story(w: World) -> None:
        writes, w.intake.held = w.intake.held, frozenset()
        w.now = 40.0
        w.intake.pass_time()
        w.intake.held = writes
        w.put(hold())
        assert w.tracker.set_back == [0.0]

    play(story)


def test_no_calls_are_taken_over_before_those_that_are_held_know_of_the_clock() -> None:
    async def story(w: World) -> None:
        w.now = 40.0
        w.intake.take_over(Lease("another", None, 1, 1))
        await w.writer.finish()
        assert w.tracker.set_back == [pytest.approx(60.0, abs=1.0), None]

    play(story)


def test_time_passes_only_when_something_is_due_and_no_batch_is_in_hand() -> None:
    async def story(w: World) -> None:
        w.intake.pass_time()
        w.tracker.next_deadline = 100.5
        w.intake.pass_time()
        assert w.writer.jobs == []
        w.now = 100.5
        w.intake.pass_time()
        w.intake.pass_time()
        assert w.writer.jobs == [([], 100.5)]
        await w.writer.finish()

    play(story)


# -- overflow --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fact", KEPT, ids=lambda fact: type(fact).__name__)
def test_what_no_resync_can_tell_again_is_never_dropped(fact: Fact) -> None:
    async def story(w: World) -> None:
        w.fill()
        w.put(fact)
        await w.drain()
        assert w.writer.facts[-1] == fact and w.intake.dropped == 0

    play(story)


@pytest.mark.parametrize("fact", LESSER, ids=lambda fact: type(fact).__name__)
def test_what_a_resync_tells_again_is_dropped_and_counted(fact: Fact, caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        w.fill()
        w.put(fact, fact)
        await w.drain()
        assert fact not in w.writer.facts and w.intake.dropped == 2

    with caplog.at_level(logging.ERROR):
        play(story)
    assert len(caplog.records) == 1 and "the database is behind" in caplog.text


def test_a_call_that_lost_a_fact_and_ends_before_a_resync_is_lost() -> None:
    async def story(w: World) -> None:
        w.fill()
        w.put(Talking(CALL, 1.0), CallerLeft(CALL, 2.0), CallerLeft(OTHER, 3.0))
        await w.drain()
        assert w.writer.facts[-2:] == [CallLost(CALL, 2.0), CallerLeft(OTHER, 3.0)], "not abandoned; and only that one"

    play(story)


def test_a_resync_is_asked_for_once_when_there_is_room_again() -> None:
    async def story(w: World) -> None:
        w.fill()
        w.put(*[hold(), hold(OTHER)] * 5, hold(ELSEWHERE))
        assert w.asked == [], "it would only be dropped again"
        await w.drain()
        assert w.asked == ["branch", "main"]
        w.put(Ringing(CALL, 2.0))
        await w.drain()
        assert w.asked == ["branch", "main"]

    play(story)


def test_after_the_resync_a_call_ends_as_it_ends() -> None:
    async def story(w: World) -> None:
        w.fill()
        w.put(hold(), hold(ELSEWHERE))
        await w.drain()
        w.put(LinkLost("", 2.0, "main"), hold(), LinkSynced("", 3.0, "main"))
        w.put(CallerLeft(CALL, 4.0), CallerLeft(ELSEWHERE, 4.0))
        await w.drain()
        assert w.writer.facts[-2:] == [CallerLeft(CALL, 4.0), CallLost(ELSEWHERE, 4.0)], "each PBX for itself"

    play(story)


def test_what_is_dropped_during_the_resync_is_asked_for_again() -> None:
    async def story(w: World) -> None:
        w.fill()
        w.put(hold(), hold(OTHER))
        w.put(LinkLost("", 2.0, "main"), hold(), LinkSynced("", 3.0, "main"))
        w.put(CallerLeft(CALL, 4.0), CallerLeft(OTHER, 4.0))
        await w.drain()
        assert w.writer.facts[-2:] == [CallLost(CALL, 4.0), CallerLeft(OTHER, 4.0)]
        assert w.asked == ["main"]

    play(story)


def test_a_resync_that_came_by_itself_is_not_asked_for() -> None:
    async def story(w: World) -> None:
        w.fill()
        w.put(hold(), LinkLost("", 2.0, "main"), LinkSynced("", 3.0, "main"))
        await w.drain()
        assert w.asked == []

    play(story)


def test_a_link_that_comes_up_for_the_first_time_makes_nothing_good() -> None:
    async def story(w: World) -> None:
        w.fill()
        w.put(hold(), LinkSynced("", 3.0, "main"), CallerLeft(CALL, 4.0))
        await w.drain()
        assert w.writer.facts[-1] == CallLost(CALL, 4.0) and w.asked == ["main"]

    play(story)


# -- what comes back -------------------------------------------------------------------------------------------


def test_what_was_decided_is_told_once_it_is_durable() -> None:
    class Decided:
        decision = None

    async def story(w: World) -> None:
        w.put(hold())
        assert w.decided == []
        entry = Decided()
        await w.writer.finish([entry])
        w.put(hold())
        await w.writer.finish()
        assert w.decided == [[entry]], "and nothing, when nothing was"

    play(story)


def test_how_long_decisive_facts_take_is_measured_once_they_are_durable() -> None:
    async def story(w: World) -> None:
        w.put(hold(), CallerLeft(CALL, 2.0))
        w.put(hold(), CallerLeft(OTHER, 2.0))
        await w.writer.finish()
        assert w.intake.measures.decision.count == 0, "the first batch was a wait that began"
        await w.writer.finish()
        assert w.intake.measures.decision.count == 2

    play(story)


def test_what_a_fault_has_cost_is_not_counted() -> None:
    async def story(w: World) -> None:
        w.put(CallerLeft(CALL, 2.0))
        await w.writer.finish(StoreError("the disk is full"))
        assert w.intake.measures.decision.count == 0

    play(story)


def test_a_fault_is_handed_on_and_ends_the_waiting() -> None:
    fault = StoreError("the disk is full")

    async def story(w: World) -> None:
        w.put(hold())
        drained = asyncio.create_task(w.intake.drained())
        await w.writer.finish(fault)
        await drained
        assert w.faults == [fault] and w.decided == []

    play(story)


def test_a_fault_in_what_hears_of_decisions_holds_up_no_fact() -> None:
    class Decided:
        decision = None

    async def story(w: World) -> None:
        errors: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
        w.intake._on_decided = lambda decided: 1 / 0  # type: ignore[assignment,return-value]
        w.put(hold())
        w.put(CallerLeft(CALL, 2.0))
        await w.writer.finish([Decided()])
        assert w.writer.facts == [hold(), CallerLeft(CALL, 2.0)] and len(errors) == 1

    play(story)


@pytest.mark.parametrize("fact", [PbxLeft("", 1.0, "main"), hold()])
def test_who_asks_about_a_pbx_that_another_daemon_takes_just_then_does_not_wait_for_ever(fact: Fact) -> None:
    async def story(w: World) -> None:
        w.put(hold(OTHER))
        asking = asyncio.create_task(w.intake.ask(fact))
        await asyncio.sleep(0)
        w.tracker.held = frozenset({"branch"})
        await w.writer.finish()
        await w.intake.drained()  # nothing more is written of it
        with pytest.raises(NotHeld):
            async with asyncio.timeout(PATIENCE):
                await asking

    play(story)


def test_a_writer_that_stops_leaves_nobody_waiting_for_ever() -> None:
    async def story(w: World) -> None:
        w.writer.is_stopping = True
        w.put(hold())
        await w.intake.drained()
        with pytest.raises(StoreError):
            await w.intake.ask(hold())

    play(story)


def test_what_waited_when_the_writer_stops_is_left_to_the_next_start() -> None:
    async def story(w: World) -> None:
        asking = [asyncio.create_task(w.intake.ask(hold())) for _ in range(2)]
        await asyncio.sleep(0)
        w.writer.is_stopping = True
        await w.writer.finish()
        await w.intake.drained()
        assert await asking[0] is None
        with pytest.raises(StoreError):
            await asking[1]

    play(story)
