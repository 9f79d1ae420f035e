"""Of several daemons one is on duty; when it dies or stops, another one is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy import Engine

from textback.duty import NAME, PATIENCE, Duty
from textback.store import leases
from textback.store.reader import Reader
from textback.store.writer import Writer


class Pair:
    def __init__(self, engine: Engine) -> None:
        self.now = 0.0
        self.writer, self.reader = Writer(engine, logging.getLogger("textback.test")), Reader(engine)
        self.one, self.two = self.daemon("one"), self.daemon("two")
        self.writer.start()

    def daemon(self, name: str) -> Duty:
        return Duty(name, self.writer, self.reader, lambda: self.now)

    async def rounds(self, *daemons: Duty, seconds: float = 1.0) -> None:
        for _ in range(int(seconds)):
            self.now += 1.0
            for daemon in daemons:
                await daemon.round()


def play(engine: Engine, story: Callable[[Pair], Awaitable[None]]) -> None:
    @asynccontextmanager
    async def pair() -> AsyncIterator[Pair]:
        made = Pair(engine)
        await made.writer.run(partial(leases.ensure, pbxes=[NAME]))
        yield made
        made.writer.stop()
        made.reader.close()

    async def run() -> None:
        async with pair() as made:
            await story(made)

    asyncio.run(run())


def test_the_first_one_is_on_duty_as_long_as_it_lives(engine: Engine) -> None:
    async def story(pair: Pair) -> None:
        await pair.rounds(pair.one, pair.two, seconds=20)
        assert (pair.one.is_ours(), pair.two.is_ours()) == (True, False)

    play(engine, story)


def test_when_it_dies_the_other_one_is(engine: Engine) -> None:
    async def story(pair: Pair) -> None:
        await pair.rounds(pair.one, pair.two, seconds=3)
        await pair.rounds(pair.two, seconds=PATIENCE - 1)
        assert not pair.two.is_ours()
        await pair.rounds(pair.two, seconds=3)
        assert pair.two.is_ours() and not pair.one.is_ours()
        await pair.rounds(pair.one)
        assert not pair.one.is_ours()

    play(engine, story)


def test_who_stops_leaves_it_to_the_other_one_at_once(engine: Engine) -> None:
    async def story(pair: Pair) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(pair.one.run(stop))
        async with asyncio.timeout(10):
            while not pair.one.is_ours():
                await asyncio.sleep(0)
        stop.set()
        await running
        await pair.writer.run(lambda conn: None)  # what was left to be written is
        await pair.rounds(pair.two)
        assert pair.two.is_ours()

    play(engine, story)


def test_who_cannot_say_so_any_more_is_not(engine: Engine) -> None:
    async def story(pair: Pair) -> None:
        await pair.rounds(pair.one)
        pair.now += PATIENCE + 1
        assert not pair.one.is_ours()

    play(engine, story)
