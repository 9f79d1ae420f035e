"""Work is let go when the daemon stops, and its own end is heard before that."""

from __future__ import annotations

import asyncio

import pytest

from textback.until import until


def test_work_is_let_go_at_the_end_and_cleans_up_first() -> None:
    told: list[str] = []

    async def work(stop: asyncio.Event) -> None:
        try:
            stop.set()
            await asyncio.Event().wait()
        finally:
            told.append("cleaned up")

    async def story() -> None:
        stop = asyncio.Event()
        await until(stop, work(stop))

    asyncio.run(story())
    assert told == ["cleaned up"]


def test_what_goes_wrong_before_the_end_is_heard() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(until(asyncio.Event(), work()))


def test_what_goes_wrong_because_of_the_end_is_not() -> None:
    told: list[str] = []

    async def work(stop: asyncio.Event) -> None:
        stop.set()
        told.append("stopped")
        raise ValueError("the writer is gone")

    async def story() -> None:
        stop = asyncio.Event()
        await until(stop, work(stop))

    asyncio.run(story())
    assert told == ["stopped"]


def test_who_is_cancelled_lets_go_of_the_work() -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("let go")

    async def story() -> None:
        task = asyncio.ensure_future(until(asyncio.Event(), work()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    assert told == ["let go"]
