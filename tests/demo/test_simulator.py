from __future__ import annotations

import asyncio

import pytest

from textback.demo.queue_calls import answered_in_queue, waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script, Step

from .client import Client, logged_in
from .virtual_time import VirtualTime


def a_caller(*steps: Step) -> Script:
    return Script("15559870001", "", "15551230100", steps)


async def names_until(client: Client, last: str) -> list[str]:
    names: list[str] = []
    while last not in names:
        names.append((await client.block())[0][1])
    return names


def test_every_client_hears_what_happens_after_its_login(time: VirtualTime) -> None:
    async def story() -> None:
        simulator = Simulator(clock=time.clock, sleep=time.sleep)
        port = await simulator.start()
        async with logged_in(port) as early:
            await time.run(simulator.play(a_caller(waits_and_gives_up(9))))
            async with logged_in(port) as late:
                await time.run(simulator.play(a_caller(answered_in_queue(4, 6))))
                assert "QueueCallerAbandon" in await names_until(early, "Hangup")
                heard = await names_until(late, "Hangup")
        await simulator.stop()
        assert heard[0] == "Newchannel"
        assert "AgentConnect" in heard and "QueueCallerAbandon" not in heard

    asyncio.run(story())


def test_stopping_closes_every_connection() -> None:
    async def story() -> None:
        simulator = Simulator()
        port = await simulator.start()
        async with logged_in(port) as first, logged_in(port) as second:
            await simulator.stop()
            for client in (first, second):
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                    await client.block()
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(story())


def test_stopping_what_never_started_does_nothing() -> None:
    simulator = Simulator()
    asyncio.run(simulator.stop())
    assert simulator.stage.board.channels == {}


def test_after_a_call_nothing_is_left_of_it(time: VirtualTime) -> None:
    simulator = Simulator(clock=time.clock, sleep=time.sleep)
    asyncio.run(time.run(simulator.play(a_caller(waits_and_gives_up(9), answered_in_queue(4, 6)))))
    assert simulator.stage.board.channels == {}
    assert simulator.stage.room.queues["support"].waiting == []


def test_the_next_in_the_row_moves_up_when_one_leaves(time: VirtualTime) -> None:
    simulator = Simulator(clock=time.clock, sleep=time.sleep)
    row = simulator.stage.room.queues["support"]

    async def two_callers() -> None:
        steps = (waits_and_gives_up(5), waits_and_gives_up(60))
        await asyncio.gather(*(simulator.play(a_caller(step)) for step in steps))

    asyncio.run(time.run(two_callers(), until=10))
    assert [(place.joined_at, row.position(place)) for place in row.waiting] == [(2, "1")]
