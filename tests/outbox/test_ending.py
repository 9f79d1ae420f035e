"""Waiting while the daemon runs, and while it stops."""

from __future__ import annotations

import asyncio

import pytest

from textback.outbox.ending import Ending, Stopping


async def _never() -> None:
    await asyncio.Event().wait()


def test_work_that_ends_is_waited_for_and_its_error_is_its_own() -> None:
    async def story() -> tuple[str, Exception | None]:
        ending = Ending(asyncio.Event(), 0.0)
        result = await ending.finish(asyncio.sleep(0, "done"))
        work: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        work.set_exception(ValueError("mine"))
        with pytest.raises(ValueError) as error:
            await ending.finish(work)
        return result, error.value

    assert str(asyncio.run(story())) == "('done', ValueError('mine'))"


def test_work_in_hand_at_the_stop_may_end_within_the_grace() -> None:
    async def story() -> str:
        stop = asyncio.Event()
        stop.set()
        return await Ending(stop, 60.0).finish(asyncio.sleep(0.01, "done"))

    assert asyncio.run(story()) == "done"


def test_work_that_outlives_the_grace_is_cancelled() -> None:
    async def story() -> bool:
        stop = asyncio.Event()
        stop.set()
        work = asyncio.ensure_future(_never())
        with pytest.raises(Stopping):
            await Ending(stop, 0.0).finish(work)
        await asyncio.sleep(0)
        return work.cancelled()

    assert asyncio.run(story())


def test_the_grace_is_one_for_all_work() -> None:
    async def story() -> float:
        stop = asyncio.Event()
        stop.set()
        ending = Ending(stop, 0.05)
        begun = asyncio.get_running_loop().time()
        for _ in range(200):
            with pytest.raises(Stopping):
                await ending.finish(_never())
        return asyncio.get_running_loop().time() - begun

    assert asyncio.run(story()) < 5.0


@pytest.mark.parametrize("ended_by", ["sleep", "event", "stop"])
def test_a_rest_ends_with_the_first_of_sleep_event_and_stop_and_leaves_nothing_behind(ended_by: str) -> None:
    async def story() -> int:
        stop, event = asyncio.Event(), asyncio.Event()
        {"stop": stop.set, "event": event.set, "sleep": lambda: None}[ended_by]()
        await Ending(stop, 0.0).rest(asyncio.sleep(0) if ended_by == "sleep" else _never(), event)
        return len(asyncio.all_tasks())

    assert asyncio.run(story()) == 1
