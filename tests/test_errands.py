"""A dialplan or call-centre software asks the wrong one of two daemons: the right one does it, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from tests.practices import document, practice
from textback.book import PracticeBook
from textback.desk import HookDesk, Known
from textback.errands import Errands
from textback.events import CallerArrived, CallerLeft, Fact, HoldStarted, LinkSynced, NoAnswer, Place
from textback.hooks.desk import Answer, Caller, Offer
from textback.intake import Intake
from textback.model import Flow
from textback.store import calls, errands, leases, messages, practices, webhook_tokens
from textback.store.engine import open_engine
from textback.store.reader import Reader
from textback.store.shared_tables import errands as table
from textback.store.webhook_tokens import Grant
from textback.store.writer import Writer
from textback.tracker import Tracker
from textback.trigger import Trigger
from textback.web.told import Told

T0 = 1_800_014_400.0
CALLER = "+12025550143"
ME = Caller(None, "1.1", "PJSIP/trunk-1", CALLER, "Doe", "12025550199", "en")
WANTED = {"guards__settle": 0, "abandoned__min_hold": 0}


class Side:
    """One of two daemons; ``is_up`` is its link, ``wait`` what its patience is made of."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.now, self.is_up = T0, True
        self.writer, self.reader = Writer(engine, logging.getLogger("textback.test")), Reader(engine)
        self.tracker = Tracker(["main"], PracticeBook(), name=name)
        self.intake = Intake(self.tracker, self.writer, self.clock, lambda decided: None, print, self.fail)
        with_all = (self.tracker, self.intake, self.writer, self.reader, self.clock, lambda: True)
        self.errands = Errands(*with_all, sleep=lambda seconds: asyncio.sleep(0.002))
        pbxes = [Known("main", "en", lambda: self.is_up)]
        self.desk = HookDesk(pbxes, self.errands, self.intake, self.reader, self.clock)
        self.trigger = Trigger(self.errands, self.writer, self.reader, self.clock, lambda: None)
        self.stop, self.working = asyncio.Event(), asyncio.get_running_loop().create_future()
        self.writer.start()

    def clock(self) -> float:
        return self.now

    def fail(self, fault: BaseException) -> None:
        raise fault

    async def hear(self, *facts: Fact) -> None:
        for fact in facts:
            self.intake.hear(fact)
        await self.intake.drained()

    async def rest(self) -> None:
        """It looks for no errands any more, not even with a look that has begun."""
        self.stop.set()
        await self.working

    async def take_over(self) -> None:
        seen = await self.reader(partial(leases.look, pbxes=["main"]))
        self.intake.take_over(seen["main"])
        await self.intake.drained()


@asynccontextmanager
async def sides(engine: Engine) -> AsyncIterator[tuple[Side, Side]]:
    """The first one writes; both have heard of a caller who waits."""
    one, two = Side(engine, "one"), Side(engine, "two")
    await one.writer.run(partial(leases.ensure, pbxes=["main"]))
    await one.take_over()
    for side in (one, two):
        await side.hear(LinkSynced("", T0, "main"), *waits("1.1"))
    yield one, two
    for side in (one, two):
        await side.intake.drained()
        side.writer.stop()
        side.reader.close()


def waits(call: str, number: str = CALLER) -> list[Fact]:
    arrived = CallerArrived(f"main/{call}", T0, "main", call, number, "Doe", "12025550199")
    return [arrived, HoldStarted(f"main/{call}", T0 + 1, Place.QUEUE, T0 + 1, "support")]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """As the daemon opens it: each waits for the other one's lock."""
    engine = open_engine(database_url)
    with engine.begin() as conn:
        practices.put(conn, practice(**WANTED).name, document(**WANTED), "test", T0)
    yield engine
    engine.dispose()


def play(engine: Engine, story: Callable[[Side, Side], Awaitable[None]]) -> None:
    async def run() -> None:
        async with sides(engine) as (one, two):
            for side in (one, two):
                side.working = asyncio.create_task(side.errands.run(side.stop))
            await story(one, two)
            await one.rest()
            await two.rest()

    asyncio.run(run())


def rows(engine: Engine) -> list[dict[str, Any]]:
    with engine.begin() as conn:
        return calls.listing(conn)


def texts(engine: Engine) -> int:
    with engine.begin() as conn:
        return len(messages.listing(conn))


def test_a_text_asked_of_who_stands_by_is_given_by_who_writes_and_once(engine: Engine) -> None:
    async def story(one: Side, two: Side) -> None:
        assert await two.desk.call_to_text(ME) == Answer("texted", "call_to_text")
        assert await one.desk.call_to_text(ME) == Answer("texted", "call_to_text")
        assert await two.desk.may_offer(ME) == Offer(False, "texted")
        assert await two.desk.after_text(ME) == "hangup"

    play(engine, story)
    assert texts(engine) == 1
    with engine.begin() as conn:
        assert conn.execute(select(table.c.id)).all() == []


def test_a_refusal_is_told_too(engine: Engine) -> None:
    async def story(one: Side, two: Side) -> None:
        for side in (one, two):
            await side.hear(*waits("1.2", "12"))
        assert (await two.desk.call_to_text(Caller("main", "1.2", "PJSIP/trunk-2", "12"))).result == "refused"

    play(engine, story)
    assert texts(engine) == 0


def test_what_a_dialplan_says_to_who_stands_by_holds(engine: Engine) -> None:
    async def story(one: Side, two: Side) -> None:
        for call in ("1.2", "1.3"):
            for side in (one, two):
                await side.hear(*waits(call, f"+120255501{call[-1]}3"))
        await two.desk.no_answer(Caller(None, "1.2", "PJSIP/trunk-2"), "TIMEOUT")
        await two.desk.handled(Caller(None, "1.3", "PJSIP/trunk-3"))
        await until(lambda: _is_done(one))
        for call in ("1.2", "1.3"):
            await one.hear(CallerLeft(f"main/{call}", T0 + 20))

    play(engine, story)
    found = {row["id"]: (row["disposition"], row["reason"]) for row in rows(engine)}
    assert found["main/1.2"] == ("missed", "missed") and found["main/1.3"] == ("abandoned", "handled")


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await done():
            await asyncio.sleep(0.002)


async def _is_done(side: Side) -> bool:
    return not await side.reader(lambda conn: errands.waiting(conn, ["main"], 0.0))


def test_a_press_while_nobody_writes_waits_for_who_takes_over(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textback.desk.FOR_TEXT", 30.0)  # on a busy machine the takeover of a test takes longer

    async def story(one: Side, two: Side) -> None:
        await one.intake.drained()
        await one.writer.run(one.tracker.give_up("main"))
        one.intake.held = frozenset()
        asking = asyncio.ensure_future(two.desk.call_to_text(ME))
        await until(lambda: two.reader(lambda conn: bool(errands.waiting(conn, ["main"], 0.0))))
        await two.take_over()
        assert await asking == Answer("texted", "call_to_text")

    play(engine, story)
    assert texts(engine) == 1


def test_who_lost_the_lease_without_knowing_asks_the_other_one(engine: Engine) -> None:
    async def story(one: Side, two: Side) -> None:
        await two.take_over()
        assert one.intake.held and two.intake.held
        assert await one.desk.call_to_text(ME) == Answer("texted", "call_to_text")
        assert not one.intake.held

    play(engine, story)
    assert texts(engine) == 1


def test_a_call_that_no_link_of_who_writes_shows_is_not_made_up(engine: Engine) -> None:
    async def story(one: Side, two: Side) -> None:
        two.is_up = False
        stranger = Caller("main", "9.9", "PJSIP/trunk-9", "+12025550199")
        assert await two.desk.call_to_text(stranger) == Answer("error", "ended")

    play(engine, story)
    assert [row["id"] for row in rows(engine)] == ["main/1.1"]


def grant(conn: Connection, flow: Flow) -> Grant:
    made = {"practice": "Riverside", "flow": flow, "by": "kim", "now": T0, "language": None}
    webhook_tokens.create(conn, token="t" * 43, label="", **made)
    found = webhook_tokens.find(conn, "t" * 43)
    assert found is not None
    return found


@pytest.mark.parametrize("flow", [Flow.CALL_TO_TEXT, Flow.MISSED])
def test_a_webhook_finds_the_call_that_another_daemon_follows(engine: Engine, flow: Flow) -> None:
    async def story(one: Side, two: Side) -> None:
        granted = await one.writer.run(partial(grant, flow=flow))
        outcome = await two.trigger.start(granted, Told((CALLER,)))
        assert outcome.verdict == ("text" if flow is Flow.CALL_TO_TEXT else "pending"), outcome
        await one.hear(CallerLeft("main/1.1", T0 + 20))

    play(engine, story)
    (row,) = rows(engine)
    assert (row["disposition"], row["flow"]) == (
        ("texted", "call_to_text") if flow is Flow.CALL_TO_TEXT else ("missed", "missed")
    )
    assert texts(engine) == 1


def test_a_webhook_for_a_call_that_nobody_follows_any_more_makes_its_own_text_and_only_that(engine: Engine) -> None:
    async def story(one: Side, two: Side) -> None:
        await one.rest()
        await one.writer.run(one.tracker.give_up("main"))
        one.intake.held = frozenset()
        granted = await one.writer.run(partial(grant, flow=Flow.CALL_TO_TEXT))
        hasty = Trigger(two.errands, two.writer, two.reader, two.clock, lambda: None, patience=0.0)
        outcome = await hasty.start(granted, Told((CALLER,)))
        assert outcome.verdict == "text"
        await two.take_over()
        await two.hear(CallerLeft("main/1.1", T0 + 20))

    play(engine, story)
    assert texts(engine) == 1
    assert [row["reason"] for row in rows(engine)] == ["cooldown"]


def test_an_errand_of_another_version_is_answered_as_far_as_it_means_something(engine: Engine) -> None:
    async def story(one: Side, two: Side) -> None:
        told = [
            {"kind": "Sang", "call_id": "main/1.1"},
            {"kind": "Handled", "call_id": "main/1.1", "loudly": True},
            {"kind": "NobodyAnswered", "call_id": "main/1.1", "why": "asleep"},
            {"kind": "Handled", "call_id": "branch/1.1"},
        ]
        errand = errands.Errand("1", "main", told)
        await two.writer.run(partial(errands.ask, errand=errand, now=T0))
        await until(lambda: _is_done(one))
        call = one.tracker.call("main/1.1")
        assert call is not None and call.handled and call.no_answer is None

    play(engine, story)


def test_reasons_keep_their_kind_on_their_way(engine: Engine) -> None:
    async def story(one: Side, two: Side) -> None:
        await two.desk.no_answer(ME, "BUSY")
        await until(lambda: _is_done(one))
        call = one.tracker.call("main/1.1")
        assert call is not None and call.no_answer is NoAnswer.BUSY

    play(engine, story)
