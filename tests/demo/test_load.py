from __future__ import annotations

import asyncio

from textback.demo.load import caller, load
from textback.demo.simulator import Simulator

from .recorded import wanted
from .virtual_time import VirtualTime


def test_hundreds_of_callers_wait_together(time: VirtualTime) -> None:
    heard: list[bytes] = []
    simulator = Simulator(clock=time.clock, sleep=time.sleep)
    simulator.stage.board.listeners.append(lambda _, block: heard.append(block))
    began = time.now
    asyncio.run(time.run(load(simulator.stage, calls_per_second=50, calls=200)))
    joins = [dict(event) for event in wanted(b"".join(heard)) if event[0][1] == "QueueCallerJoin"]
    assert len({join["Uniqueid"] for join in joins}) == 200
    assert max(int(join["Count"]) for join in joins) == 200
    assert abs(time.now - began - (199 / 50 + 20)) < 0.001
    assert simulator.stage.board.channels == {}


def test_every_caller_has_a_number_of_their_own() -> None:
    numbers = {caller(serial, ()).number for serial in range(80_000)}
    assert len(numbers) == 80_000
    assert {len(number) for number in numbers} == {11}
