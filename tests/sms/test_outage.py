"""An outage is said once, and the provider is asked ever more slowly until it answers."""

from __future__ import annotations

import asyncio
import logging

import pytest

from textback.sms import Fault, SendError
from textback.sms.outage import Outage, asked, first_failure

LOG = logging.getLogger("textback.test")


def error(retry_after: float | None = None) -> SendError:
    return SendError("so it was", Fault.UNKNOWN, retry_after)


def test_the_pauses_double_up_to_five_minutes_and_begin_anew_after_an_answer() -> None:
    outage = Outage("nothing works", 10.0, lambda: 0.0, LOG)
    assert [outage.pause(error()) for _ in range(7)] == [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]
    outage.end()
    assert outage.pause(error()) == 10.0


def test_the_provider_says_when_to_come_back_but_not_later_than_in_five_minutes() -> None:
    outage = Outage("nothing works", 10.0, lambda: 0.0, LOG)
    assert [outage.pause(error(33.0)), outage.pause(error(86_400.0))] == [33.0, 300.0]


def test_who_asks_seldom_anyway_does_not_ask_more_often_in_an_outage() -> None:
    assert Outage("nothing works", 600.0, lambda: 0.0, LOG).pause(error()) == 600.0


def test_an_outage_is_said_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    moments = iter([100.0, 142.0])
    outage = Outage("nothing works", 10.0, lambda: next(moments), LOG)
    outage.end()
    for _ in range(3):
        outage.pause(error())
    outage.end()
    outage.end()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "nothing works: unknown: so it was; asking again"),
        ("WARNING", "nothing works: that is over after 42 s"),
    ]


def test_a_fault_in_a_providers_code_is_an_error_like_any_other() -> None:
    async def broken() -> None:
        raise KeyError("+15555550203")

    with pytest.raises(SendError) as raised:
        asyncio.run(asked(broken()))
    assert (raised.value.kind, str(raised.value)) == (Fault.UNKNOWN, "a fault in our code (KeyError)")


def test_all_are_waited_for_and_the_first_failure_is_told() -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        await asyncio.sleep(0)
        done.append(number)
        if number in (2, 3):
            raise SendError(str(number), Fault.UNKNOWN)

    failure = asyncio.run(first_failure(map(work, range(5))))
    assert (done, str(failure)) == ([0, 1, 2, 3, 4], "2")
    assert asyncio.run(first_failure(map(work, range(2)))) is None


def test_what_is_not_the_providers_fault_is_raised() -> None:
    async def work(error: Exception) -> None:
        raise error

    with pytest.raises(ValueError):
        asyncio.run(first_failure([work(error()), work(ValueError())]))
