"""Waiting for a change on a channel."""

from __future__ import annotations

import asyncio

from textback.pbx.watch import Watch


def test_whoever_waits_is_woken_by_their_own_channels_only() -> None:
    async def story() -> None:
        watch, asked = Watch(), [0]
        true: set[str] = set()

        def condition() -> bool:
            asked[0] += 1
            return "now" in true

        waiting = asyncio.create_task(watch.until(condition, "one", "two"))
        for _ in range(3):
            await asyncio.sleep(0)
            watch.stir("three")
        assert asked == [1]
        watch.stir("two")
        await asyncio.sleep(0)
        assert asked == [2] and not waiting.done()
        true.add("now")
        watch.stir("one")
        assert await waiting
        assert not watch._waiting, "nothing is kept"

    asyncio.run(story())


def test_what_holds_already_is_not_waited_for() -> None:
    assert asyncio.run(Watch().until(lambda: True, "one"))


def test_a_wait_ends_when_its_time_is_over() -> None:
    watch = Watch()
    assert not asyncio.run(watch.until(lambda: False, "one", seconds=0))
    assert not watch._waiting


def test_a_watch_that_is_over_holds_nobody() -> None:
    async def story() -> None:
        watch = Watch()
        waiting = asyncio.create_task(watch.until(lambda: False, "one"))
        await asyncio.sleep(0)
        watch.close()
        assert not await waiting
        assert not await watch.until(lambda: False, "two")

    asyncio.run(story())
