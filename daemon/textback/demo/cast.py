"""Who calls the demo's clinic, when, and what becomes of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace

from textback.demo.desk_calls import (
    answered_by_extension,
    busy,
    hangs_up_while_ringing,
    internal_call,
    outbound_call,
    rings_out,
)
from textback.demo.queue_calls import answered_in_queue, waits_and_gives_up
from textback.demo.stage import Script, Stage, pause, play

#: The clinic's main number. It, and all others here, are from the range kept free for fiction.
MAIN = "12025550199"

_COMES_BACK = (waits_and_gives_up(8, ringing=True), pause(1.5), answered_in_queue(5, 9))

CAST = (
    Script("12125550117", "Grace Okafor", MAIN, (waits_and_gives_up(9),), at=1),
    Script("13125550142", "Tom Alvarez", MAIN, (answered_in_queue(6, 12),), at=5),
    Script("14155550163", "WIRELESS CALLER", MAIN, (rings_out(11),), at=14),
    Script("", "", MAIN, (waits_and_gives_up(7),), at=20),
    Script("16175550128", "Nadia Petrov", MAIN, (waits_and_gives_up(2),), at=26),
    Script("13055550184", "Luis Romero", MAIN, _COMES_BACK, at=30),
    Script("12065550135", "Hana Suzuki", MAIN, (busy(desk=1),), at=38),
    Script("17025550171", "P. Lindqvist", MAIN, (answered_by_extension(5, 10),), at=42),
    Script("102", "Agent Two", "201", (internal_call(4),), at=47),
    Script("14045550156", "", "", (outbound_call(4, 8),), at=50),
    Script("15035550193", "Marta Kowalski", MAIN, (waits_and_gives_up(10, key="5"),), at=52),
    Script("16025550109", "Owen Clarke", MAIN, (hangs_up_while_ringing(8, desk=1),), at=57),
)

#: Seconds that the first round takes; later ones are this many times slower.
ROUND = 70.0
CALM = 3.0

# Nobody, who does nothing: a round lasts until they have done it
_INTERVAL = Script("", "", "", (), at=ROUND)

# Each round the callers come from other area codes: from the same ones, all would be in "cooldown"
_AREAS = ("202", "212", "305", "312", "404", "415", "503", "602", "617", "702", "206", "303")


async def perform(stage: Stage, callers: Iterable[Script], rounds: int | None = None) -> None:
    """Play the callers round after round, for ever or ``rounds`` times: lively at first, then calmly."""
    cast = tuple(callers)
    numbers: Iterator[int] = itertools.count() if rounds is None else iter(range(rounds))
    for number in numbers:
        pace = CALM if number else 1.0
        async with asyncio.TaskGroup() as group:
            for script in (*cast, _INTERVAL):
                group.create_task(_on_cue(stage, _moved(script, number), pace))


async def _on_cue(stage: Stage, script: Script, pace: float) -> None:
    await stage.sleep(script.at * pace)
    await play(stage, script)


def _moved(script: Script, number: int) -> Script:
    """The same caller from another area code; extensions and withheld numbers stay as they are."""
    area = script.number[1:4]
    if area not in _AREAS:
        return script
    moved = _AREAS[(_AREAS.index(area) + number) % len(_AREAS)]
    return replace(script, number=f"1{moved}{script.number[4:]}")
