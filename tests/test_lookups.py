"""Look-ups with a real writer and database, a scripted provider, and a time that passes only while they rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from textback.lookups import AT_ONCE, EVERY, Lookups
from textback.model import LineType, Verdict
from textback.sms import Accepted, Delivery, Fault, Inbound, Outgoing, SendError
from textback.store import calls, line_types, links
from textback.store.tables import line_types as table
from textback.store.writer import Writer

NOW = 1_795_291_200.0
NUMBER, OTHER = "+12025550143", "+12025550144"
LOG = logging.getLogger("textback.test")


class Knowing:
    """A provider that knows some numbers; it keeps what it was asked."""

    name = "twilio"

    def __init__(self, **known: LineType | None | Exception) -> None:
        self.known = {f"+{number}": kind for number, kind in known.items()}
        self.default: LineType | None | Exception = LineType.MOBILE
        self.asked: list[str] = []
        self.busy = self.busiest = 0
        self.together: asyncio.Barrier | None = None

    async def line_type(self, number: str) -> LineType | None:
        self.asked.append(number)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        if self.together is not None:
            await self.together.wait()
        self.busy -= 1
        answer = self.known.get(number, self.default)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def send(self, message: Outgoing) -> Accepted:
        raise NotImplementedError

    async def find(
        self, message: Outgoing, since: float, others: Collection[str], until: float | None = None
    ) -> Accepted | None:
        raise NotImplementedError

    async def received(self, line: str, since: float) -> list[Inbound]:
        raise NotImplementedError

    async def deliveries(self, line: str, since: float) -> list[Delivery]:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to let go."""


class World:
    """A database with callers; ``rounds`` of look-ups, each followed by its rest."""

    def __init__(self, engine: Engine) -> None:
        self.now = NOW
        self.engine = engine
        self.rests: list[float] = []
        self.between: Callable[[int], None] = lambda number: None
        self.writer = Writer(engine, LOG, clock=self.clock)
        self.writer.start()
        self.do(lambda conn: links.save(conn, {"main": NOW}))

    def clock(self) -> float:
        return self.now

    def do(self, job: Callable[[Connection], Any]) -> Any:
        return self.writer.submit(job).result(10)

    def on_hold(self, *callers: str, **changes: Any) -> None:
        for caller in callers:
            row = {
                "id": f"main/{caller}", "pbx": "main", "caller": caller, "started_at": NOW - 60.0,
                "hold_started_at": NOW - 50.0, "ended_at": None, "verdict": None, "voicemail": False,
                "backfilled": False,
            }  # fmt: skip
            self.do(lambda conn, row=row: calls.save(conn, [row | changes]))

    def known(self) -> dict[str, tuple[str, str, float]]:
        def job(conn: Connection) -> dict[str, tuple[str, str, float]]:
            return {row.number: (row.kind, row.source, row.at - NOW) for row in conn.execute(select(table))}

        known: dict[str, tuple[str, str, float]] = self.do(job)
        return known

    def look_up(self, provider: Knowing, rounds: int = 1, **options: Any) -> None:
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

            lookups = Lookups(self.writer, provider, self.clock, LOG, sleep, **options)
            await asyncio.wait_for(lookups.run(stop), 20)

        self.rests.clear()
        asyncio.run(story())


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    made = World(engine)
    yield made
    made.writer.stop()


def test_the_number_of_a_caller_on_hold_is_looked_up_and_remembered(world: World) -> None:
    world.on_hold(NUMBER)
    provider = Knowing(**{NUMBER[1:]: LineType.LANDLINE})
    world.look_up(provider, rounds=3)
    assert provider.asked == [NUMBER]
    assert world.known() == {NUMBER: ("landline", "twilio lookup", 0.0)}
    assert world.do(lambda conn: line_types.landlines(conn, [NUMBER], NOW)) == {NUMBER}


def test_so_is_that_of_a_caller_whose_call_settles_and_nobody_elses(world: World) -> None:
    world.on_hold(NUMBER, hold_started_at=None, ended_at=NOW)
    world.on_hold(OTHER, verdict=Verdict.SKIP)
    provider = Knowing()
    world.look_up(provider)
    assert provider.asked == [NUMBER]


@pytest.mark.parametrize("caller", ["+18005550199", "+19005550199", "+1911", "+1%00", "+x"])
def test_what_could_not_be_texted_anyhow_is_not_paid_for(world: World, caller: str) -> None:
    world.on_hold(caller)
    provider = Knowing()
    world.look_up(provider)
    assert provider.asked == []


def test_that_nobody_can_tell_is_remembered_too(world: World) -> None:
    world.on_hold(NUMBER)
    provider = Knowing(**{NUMBER[1:]: None})
    world.look_up(provider, rounds=3)
    assert provider.asked == [NUMBER]
    assert world.known()[NUMBER][0] == "other"


def test_a_fault_of_the_number_concerns_that_number_alone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.on_hold(NUMBER, OTHER)
    provider = Knowing(**{NUMBER[1:]: SendError("no such number", Fault.PERMANENT)})
    world.look_up(provider, rounds=3)
    assert sorted(provider.asked) == [NUMBER, OTHER]
    assert {number: row[0] for number, row in world.known().items()} == {NUMBER: "other", OTHER: "mobile"}
    assert [record.getMessage() for record in caplog.records] == [
        "what +1202•••0143 is connected to cannot be told: no such number"
    ]


def test_some_are_asked_about_at_once_and_the_rest_without_a_pause(world: World) -> None:
    world.on_hold(*(f"+12025550{n:03}" for n in range(100, 100 + 2 * AT_ONCE)))
    provider = Knowing()
    provider.together = asyncio.Barrier(AT_ONCE)
    world.look_up(provider, rounds=3)
    assert (len(set(provider.asked)), len(provider.asked)) == (2 * AT_ONCE, 2 * AT_ONCE)
    assert (provider.busiest, world.rests) == (AT_ONCE, [0.0, 0.0, EVERY])


def test_a_flood_of_callers_costs_no_more_than_so_much_a_minute(world: World) -> None:
    world.on_hold(*(f"+12025550{n:03}" for n in range(100, 140)))
    provider = Knowing()
    counts: list[int] = []
    world.between = lambda number: counts.append(len(provider.asked))
    world.look_up(provider, rounds=64, per_minute=10)
    after = dict(zip([sum(world.rests[:n + 1]) for n in range(64)], counts, strict=True))
    assert max(count for at, count in after.items() if at < 60.0) == 10
    assert max(count for at, count in after.items() if at < 120.0) == 20


def test_a_provider_that_fails_is_asked_ever_more_slowly_and_that_is_said_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.on_hold(NUMBER)
    provider = Knowing(**{NUMBER[1:]: SendError("no answer", Fault.UNKNOWN)})

    def mend(number: int) -> None:
        if number == 3:
            provider.known.clear()

    world.between = mend
    world.look_up(provider, rounds=4)
    assert world.rests == [5.0, 10.0, 20.0, EVERY]
    assert world.known() == {NUMBER: ("mobile", "twilio lookup", 35.0)}
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


@pytest.mark.parametrize("fault", [Fault.OURS, Fault.NOT_PROCESSED, Fault.UNKNOWN])
def test_what_failed_is_not_taken_for_an_answer(world: World, fault: Fault) -> None:
    world.on_hold(NUMBER)
    world.look_up(Knowing(**{NUMBER[1:]: SendError("no", fault, 77.0)}))
    assert (world.known(), world.rests) == ({}, [77.0])


def test_a_fault_in_a_providers_code_ends_nothing(world: World) -> None:
    world.on_hold(NUMBER)
    provider = Knowing(**{NUMBER[1:]: KeyError("x")})
    world.look_up(provider, rounds=3)
    assert provider.asked == [NUMBER] * 3


def test_without_callers_nothing_is_asked(world: World) -> None:
    provider = Knowing()
    world.look_up(provider, rounds=2)
    assert (provider.asked, world.rests) == ([], [EVERY, EVERY])
