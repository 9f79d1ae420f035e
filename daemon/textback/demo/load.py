"""Callers without number, for load: many calls at once, at a steady rate."""

from __future__ import annotations

import asyncio

from textback.demo.cast import MAIN
from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.stage import Script, Stage, Step, play

_GIVE_UP = (waits_and_gives_up(20.0),)


async def load(stage: Stage, calls_per_second: float, calls: int, steps: tuple[Step, ...] = _GIVE_UP) -> None:
    """Let ``calls`` callers, each with a number of its own, begin ``steps`` at that rate.

    Returns when the last of them has hung up. Time is the stage's: its clock and its ``sleep``.
    """
    begun = stage.board.clock()
    async with asyncio.TaskGroup() as group:
        for serial in range(calls):
            await stage.sleep(max(0.0, begun + serial / calls_per_second - stage.board.clock()))
            group.create_task(play(stage, caller(serial, steps)))


def caller(serial: int, steps: tuple[Step, ...]) -> Script:
    """The caller with that serial number, from the numbers kept free for fiction (there are 80,000)."""
    area, line = divmod(serial, 100)
    return Script(f"1{200 + area % 800}55501{line:02}", "", MAIN, steps)
