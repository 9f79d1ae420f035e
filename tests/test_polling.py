"""Polling with a real writer and database, a scripted provider, and a time that passes only while it rests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, update

from textback.model import LineType, Status
from textback.polling import AT_ONCE, FAR, FAR_EVERY, FIRST, OVERLAP, Polling
from textback.sms import Accepted, Delivery, Fault, Inbound, Outgoing, Provider, SendError
from textback.store import messages, people, polls, practices
from textback.store.engine import StoreError
from textback.store.messages import NewMessage
from textback.store.tables import messages as table
from textback.store.writer import Writer

NOW = 1_795_291_200.0
LINE, OTHER_LINE, NUMBER = "+12025550100", "+12025550101", "+12025550143"
LOG = logging.getLogger("textback.test")

Answer = list[Any] | Exception


class Scripted:
    """A provider whose lists are what the test says; it keeps what it was asked."""

    name = "twilio"

    def __init__(self, replies: Answer | None = None, states: Answer | None = None) -> None:
        self.replies: dict[str, Answer] = {LINE: [] if replies is None else replies}
        self.states: Answer = [] if states is None else states
        self.asked: list[tuple[str, float]] = []
        self.asked_states: list[tuple[str, float]] = []
        self.busy = self.busiest = 0
        #: so many must be asked about at once, or none gets an answer
        self.together: asyncio.Barrier | None = None

    async def received(self, line: str, since: float) -> list[Inbound]:
        self.asked.append((line, since - NOW))
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        if self.together is not None:
            await self.together.wait()
        self.busy -= 1
        return _given(self.replies.get(line, []))

    async def deliveries(self, line: str, since: float) -> list[Delivery]:
        self.asked_states.append((line, since - NOW))
        return _given(self.states)

    async def send(self, message: Outgoing) -> Accepted:
        raise NotImplementedError

    async def find(
        self, message: Outgoing, since: float, others: Collection[str], until: float | None = None
    ) -> Accepted | None:
        raise NotImplementedError

    async def line_type(self, number: str) -> LineType | None:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to let go."""


class Desk:
    """Stands in for the reception: keeps what it was given, and fails as it is told."""

    def __init__(self) -> None:
        self.texts: list[Inbound] = []
        self.states: list[Delivery] = []
        self.fails: dict[str, Exception] = {}

    async def take(self, inbound: Inbound) -> None:
        self.texts.append(inbound)
        if inbound.provider_id in self.fails:
            raise self.fails[inbound.provider_id]

    async def deliver(self, delivery: Delivery) -> None:
        self.states.append(delivery)
        if delivery.provider_id in self.fails:
            raise self.fails[delivery.provider_id]

    @property
    def ids(self) -> list[str]:
        return [text.provider_id for text in self.texts]


def _given(answer: Answer) -> list[Any]:
    if isinstance(answer, Exception):
        raise answer
    return answer


def text(provider_id: str, at: float = NOW) -> Inbound:
    return Inbound(provider_id, NUMBER, LINE, "Yes please", at)


class World:
    """A database and a writer; ``rounds`` of polling, each followed by its rest."""

    def __init__(self, engine: Engine) -> None:
        self.now = NOW
        self.engine = engine
        self.lines: list[str] = [LINE]
        self.desk = Desk()
        self.rests: list[float] = []
        self.between: Callable[[int], None] = lambda number: None
        self.writer = Writer(engine, LOG, clock=self.clock)
        self.writer.start()
        self.do(lambda conn: practices.put(conn, "Clinic", {"line": []}, "test", 0.0))

    def clock(self) -> float:
        return self.now

    def do(self, job: Callable[[Connection], Any]) -> Any:
        return self.writer.submit(job).result(10)

    def sent(self, provider_id: str, left_at: float = NOW - 60.0, line: str = LINE) -> None:
        """A text that the provider took at ``left_at``."""

        def job(conn: Connection) -> None:
            thread = people.conversation_for(conn, "Clinic", line, NUMBER, NOW)
            new = NewMessage(
                id=provider_id, conversation_id=thread, to_number=NUMBER, from_number=line, body="Hello", segments=1,
                encoding="GSM-7", created_at=left_at, due_at=left_at,
            )  # fmt: skip
            messages.add(conn, new)
            taken = {"status": Status.SENT, "provider": "twilio", "provider_id": provider_id, "sent_at": left_at}
            conn.execute(update(table).where(table.c.id == provider_id).values(taken))

        self.do(job)

    def poll(self, provider: Provider, rounds: int = 1, every: float = 10.0) -> None:
        """Let it work for so many rounds."""

        async def story() -> None:
            stop = asyncio.Event()

            async def sleep(seconds: float) -> None:
                self.rests.append(seconds)
                self.now += seconds
                self.between(len(self.rests))
                if len(self.rests) >= rounds:
                    stop.set()
                    await asyncio.Event().wait()

            polling = Polling(
                self.writer, self.desk, provider, self.clock, lambda conn: self.lines, every, LOG, sleep
            )
            await asyncio.wait_for(polling.run(stop), 20)

        self.rests.clear()
        asyncio.run(story())


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    made = World(engine)
    yield made
    made.writer.stop()


def test_the_first_time_the_replies_of_the_last_day_are_taken_in(world: World) -> None:
    provider = Scripted([text("SM1"), text("SM2")])
    world.poll(provider)
    assert provider.asked == [(LINE, -FIRST)]
    assert world.desk.ids == ["SM1", "SM2"]


def test_later_those_since_the_last_time_and_a_little_more(world: World) -> None:
    provider = Scripted()
    world.poll(provider, rounds=3, every=100.0)
    assert [since for _, since in provider.asked] == [-FIRST, -OVERLAP, 100.0 - OVERLAP]


def test_after_a_long_silence_everything_since_then(world: World) -> None:
    world.do(lambda conn: polls.save(conn, LINE, NOW - 7 * 86_400.0))
    provider = Scripted()
    world.poll(provider)
    assert provider.asked == [(LINE, -7 * 86_400.0 - OVERLAP)]


def test_after_a_clock_that_was_ahead_nobody_knows_since_when_replies_are_missing(world: World) -> None:
    world.do(lambda conn: polls.save(conn, LINE, NOW + 86_400.0))
    provider = Scripted()
    world.poll(provider)
    assert provider.asked == [(LINE, -FIRST)]
    assert world.do(lambda conn: polls.seen_until(conn, LINE)) == NOW


def test_how_far_it_came_is_noted_once_a_minute(world: World) -> None:
    seen: list[float] = []
    world.between = lambda number: seen.append(world.do(lambda conn: polls.seen_until(conn, LINE)) - NOW)
    world.poll(Scripted(), rounds=8, every=10.0)
    assert seen == [0.0] * 6 + [60.0] * 2


def test_what_is_listed_again_is_handed_over_once(world: World) -> None:
    provider = Scripted([text("SM1")])

    def more(number: int) -> None:
        provider.replies[LINE] = [text("SM1"), text("SM2")]

    world.between = more
    world.poll(provider, rounds=3)
    assert world.desk.ids == ["SM1", "SM2"]


def test_all_lines_are_gone_through_some_at_once(world: World) -> None:
    world.lines = [f"+120255501{n:02}" for n in range(2 * AT_ONCE)]
    provider = Scripted()
    provider.together = asyncio.Barrier(AT_ONCE)
    world.poll(provider)
    assert sorted(line for line, _ in provider.asked) == world.lines
    assert provider.busiest == AT_ONCE


def test_lines_are_looked_up_anew_each_time(world: World) -> None:
    provider = Scripted()
    world.between = lambda number: setattr(world, "lines", [OTHER_LINE])
    world.poll(provider, rounds=2)
    assert [line for line, _ in provider.asked] == [LINE, OTHER_LINE]


def test_without_a_line_nothing_is_asked(world: World) -> None:
    world.lines = []
    provider = Scripted()
    world.poll(provider, rounds=2)
    assert (provider.asked, world.rests) == ([], [10.0, 10.0])


def test_a_text_that_cannot_be_taken_in_does_not_keep_out_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.desk.fails["SM1"] = ValueError(f"poison from {NUMBER}")
    world.poll(Scripted([text("SM1"), text("SM2")]), rounds=3)
    assert world.desk.ids == ["SM1", "SM2", "SM1", "SM1"]
    assert [record.getMessage() for record in caplog.records] == ["SM1 could not be taken in: ValueError"]


def test_a_text_that_could_not_be_taken_in_at_first_is_not_lost(world: World) -> None:
    world.desk.fails["SM1"] = ValueError("a moment's trouble")
    world.between = lambda number: world.desk.fails.clear() if number == 2 else None
    world.poll(Scripted([text("SM1"), text("SM2")]), rounds=5)
    assert world.desk.ids == ["SM1", "SM2", "SM1", "SM1"]


def test_a_database_that_gives_up_ends_the_polling_and_nothing_is_noted(world: World) -> None:
    world.desk.fails["SM1"] = StoreError("it did not take it")
    with pytest.raises(StoreError):
        world.poll(Scripted([text("SM1"), text("SM2")]))
    assert world.desk.ids == ["SM1"]
    assert world.do(lambda conn: polls.seen_until(conn, LINE)) is None


def test_what_became_of_texts_is_asked_for_only_while_some_are_on_their_way(world: World) -> None:
    provider = Scripted(states=[Delivery("SM1", Status.DELIVERED)])
    world.poll(provider, rounds=2)
    assert (provider.asked_states, world.desk.states) == ([], [])


def test_news_of_texts_on_their_way_is_handed_over_and_nothing_else(world: World) -> None:
    for number in range(3):
        world.sent(f"SM{number}", NOW - 60.0 - number)
    failed = Delivery("SM1", Status.FAILED, error=SendError("a landline", Fault.LANDLINE))
    news = [Delivery("SM0", Status.DELIVERED), failed, Delivery("SM2", Status.SENT), Delivery("SM9", Status.DELIVERED)]
    provider = Scripted(states=news)
    world.poll(provider)
    assert provider.asked_states == [(LINE, -62.0)]
    assert world.desk.states == news[:2]


def test_young_texts_are_asked_about_each_time_and_old_ones_now_and_then(world: World) -> None:
    world.sent("SM1", NOW - 86_400.0)
    world.sent("SM2", NOW - 60.0)
    world.sent("SM3", NOW - FAR - 60.0)
    provider = Scripted()
    world.poll(provider, rounds=3, every=FAR_EVERY / 2)
    assert [since for _, since in provider.asked_states] == [-86_400.0, -60.0, -86_400.0]


def test_texts_of_another_line_or_provider_are_not_asked_about(world: World) -> None:
    world.sent("SM1", line=OTHER_LINE)
    world.sent("SM2")
    world.do(lambda conn: conn.execute(update(table).where(table.c.id == "SM2").values(provider="console")))
    provider = Scripted()
    world.poll(provider)
    assert provider.asked_states == []


def test_a_state_that_cannot_be_taken_in_does_not_keep_out_the_others(world: World) -> None:
    world.sent("SM1")
    world.sent("SM2")
    world.desk.fails["SM1"] = ValueError("poison")
    world.poll(Scripted(states=[Delivery("SM1", Status.DELIVERED), Delivery("SM2", Status.DELIVERED)]))
    assert [one.provider_id for one in world.desk.states] == ["SM1", "SM2"]


def test_a_provider_that_fails_is_asked_ever_more_slowly_and_that_is_said_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    provider = Scripted(SendError("no answer", Fault.UNKNOWN))

    def mend(number: int) -> None:
        if number == 7:
            provider.replies[LINE] = [text("SM1")]

    world.between = mend
    world.poll(provider, rounds=8)
    assert world.rests == [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 10.0]
    assert world.desk.ids == ["SM1"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_what_came_during_an_outage_is_not_missed(world: World) -> None:
    provider = Scripted()
    world.poll(provider)
    provider.replies[LINE] = SendError("no answer", Fault.UNKNOWN)
    world.poll(provider, rounds=12)
    provider.replies[LINE] = []
    provider.asked.clear()
    world.poll(provider)
    assert provider.asked == [(LINE, -OVERLAP)]


def test_one_line_that_fails_does_not_keep_the_others_from_their_replies(world: World) -> None:
    world.lines = [LINE, OTHER_LINE]
    provider = Scripted(SendError("not this one", Fault.PERMANENT))
    provider.replies[OTHER_LINE] = [text("SM1")]
    world.poll(provider)
    assert world.desk.ids == ["SM1"]


def test_a_fault_in_a_providers_code_ends_nothing(world: World) -> None:
    provider = Scripted(KeyError("x"))
    world.poll(provider, rounds=3)
    assert len(provider.asked) == 3


def test_the_end_comes_at_once_while_the_provider_hangs(world: World) -> None:
    provider = Scripted()

    async def story() -> None:
        stop = asyncio.Event()

        async def hang(line: str, since: float) -> list[Inbound]:
            provider.asked.append((line, since))
            stop.set()
            await asyncio.Event().wait()
            return []

        provider.received = hang  # type: ignore[method-assign]
        lines = world.lines
        polling = Polling(world.writer, world.desk, provider, world.clock, lambda conn: lines, 10.0, LOG)
        await asyncio.wait_for(polling.run(stop), 20)

    asyncio.run(story())
    assert len(provider.asked) == 1
