"""An answer waits for the COMMIT, though not for ever; what comes late is written all the same."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from textback.complaints import Complaints
from textback.store.engine import StoreError
from textback.web.durable import Durable

LOG = logging.getLogger("textback.test")


def durable(**options: Any) -> Durable:
    return Durable(Complaints(LOG, lambda: 0.0), LOG, **options)


async def refused(work: Any) -> int:
    with pytest.raises(HTTPException) as error:
        await work
    return error.value.status_code


def test_it_gives_what_the_work_gives_when_it_is_done() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "written"

    assert asyncio.run(durable().written(work())) == "written"


BROKEN = OperationalError("SELECT 1", {}, Exception("disk I/O error"))


@pytest.mark.parametrize("fault", [StoreError("the daemon is stopping", temporary=True), BROKEN])
def test_a_daemon_that_stops_and_a_database_that_fails_are_not_available(fault: Exception) -> None:
    async def work() -> None:
        raise fault

    assert asyncio.run(refused(durable().written(work()))) == 503


def test_a_fault_of_the_work_is_not_hidden() -> None:
    async def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(durable().written(work()))


def test_work_that_takes_too_long_is_refused_and_still_done() -> None:
    async def story() -> None:
        database, done = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            await database.wait()
            done.set()

        assert await refused(durable(patience=0.01).written(work())) == 503
        database.set()
        await asyncio.wait_for(done.wait(), 10)

    asyncio.run(story())


def test_work_that_is_late_and_fails_is_told_to_nobody_but_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        database, failed = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            await database.wait()
            failed.set()
            raise StoreError("the daemon is stopping", temporary=True)

        assert await refused(durable(patience=0.01).written(work())) == 503
        database.set()
        await asyncio.wait_for(failed.wait(), 10)
        await asyncio.sleep(0)

    with caplog.at_level(logging.DEBUG, LOG.name):
        asyncio.run(story())
    assert "a post was not written: StoreError" in caplog.messages


def test_only_so_much_may_wait() -> None:
    async def story() -> None:
        database, done = asyncio.Event(), 0

        async def work() -> None:
            nonlocal done
            await database.wait()
            done += 1

        waits = durable(patience=10.0, most=2)
        waiting = [asyncio.create_task(waits.written(work())) for _ in range(2)]
        await asyncio.sleep(0)
        assert await refused(waits.written(work())) == 503
        database.set()
        await asyncio.gather(*waiting)
        assert done == 2
        await waits.written(work())
        assert done == 3

    asyncio.run(story())
