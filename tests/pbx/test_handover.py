"""From a thread to the loop: in order, bounded, and without the thread ever waiting."""

from __future__ import annotations

import asyncio
import threading

from tests.pbx.fake_asterisk import until
from textback.pbx.handover import SLICE, Handover


def put_from_a_thread(handover: Handover[int], things: list[tuple[int, int]]) -> None:
    """From another thread, while the loop stands still."""
    thread = threading.Thread(target=lambda: [handover.put([thing]) for thing in things])
    thread.start()
    thread.join()


def test_things_come_in_their_order() -> None:
    async def run() -> None:
        taken: list[int] = []
        handover = Handover[int](asyncio.get_running_loop(), taken.append)
        put_from_a_thread(handover, [(number, 1) for number in range(3 * SLICE + 7)])
        assert taken == []
        await until(lambda: len(taken) == 3 * SLICE + 7)
        assert taken == sorted(taken) and handover.dropped == 0

    asyncio.run(run())


def test_the_loop_has_its_turn_in_between() -> None:
    async def run() -> None:
        taken: list[int] = []
        handover = Handover[int](asyncio.get_running_loop(), taken.append)
        put_from_a_thread(handover, [(number, 1) for number in range(3 * SLICE)])
        await asyncio.sleep(0)
        assert len(taken) == SLICE
        await until(lambda: len(taken) == 3 * SLICE)

    asyncio.run(run())


def test_what_waits_is_bounded_while_the_loop_stands_still_and_what_is_dropped_is_counted() -> None:
    async def run() -> None:
        taken: list[int] = []
        handover = Handover[int](asyncio.get_running_loop(), taken.append, limit=1000)
        put_from_a_thread(handover, [(number, 300) for number in range(10)])
        assert handover.dropped == 7
        await until(lambda: taken == [0, 1, 2])
        put_from_a_thread(handover, [(10, 300)])
        await until(lambda: taken == [0, 1, 2, 10])

    asyncio.run(run())


def test_after_the_end_of_the_loop_nothing_is_kept() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    handover = Handover[int](loop, lambda thing: None)
    handover.put([(1, 1)])
    assert not handover._waiting
