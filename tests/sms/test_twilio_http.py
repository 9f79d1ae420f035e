"""The provider's clock, and whom the credentials are sent to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from textback.sms import Fault, SendError
from textback.sms.twilio_http import TwilioHttp, retry_after

from .asking import NOW, date
from .fake_twilio import fake_twilio, raw, reply


def offset(*headers: str, status: int = 200, clock: Any = lambda: NOW) -> float:
    async def story() -> float:
        async with fake_twilio(reply(status, {}, *headers)) as server:
            http = TwilioHttp(server.url, 5.0, 5.0, clock)
            try:
                await http.request("GET", "https://api.twilio.com/x")
            except SendError:
                assert status >= 500
            await http.close()
            return http.offset

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("header", "ahead"),
    [
        (f"Date: {date(NOW + 3600.0)}", 3600.0),
        (f"Date: {date(NOW - 3600.0)}", -3600.0),
        ("Date: Sat, 21 Nov 2026 21:00:00 GMT", 3600.0),
        ("Date: Sat, 21 Nov 2026 21:00:00 -0000", 3600.0),
        ("Date: Sat, 21 Nov 2026 16:00:00 -0500", 3600.0),
        (f"Date: {date(NOW + 4.0)}", 0.0),
        (f"Date: {date(NOW + 2 * 86_400.0)}", 0.0),
        ("Date: tomorrow", 0.0),
        ("Date: Sat, 99 Nov 2026 20:00:00 GMT", 0.0),
        ("Date: Sat, 21 Nov 99999 20:00:00 GMT", 0.0),
        ("Date:", 0.0),
        ("X-Date: none", 0.0),
    ],
)
def test_the_providers_clock_is_read_from_its_answers(header: str, ahead: float) -> None:
    assert offset(header) == ahead


def test_an_answer_that_took_long_does_not_pass_for_a_clock_that_is_off() -> None:
    clock: Iterator[float] = iter([NOW - 10.0, NOW + 10.0])
    assert offset(f"Date: {date(NOW)}", clock=lambda: next(clock)) == 0.0


def test_the_page_of_a_gateway_in_trouble_says_nothing_of_the_providers_clock() -> None:
    assert offset(f"Date: {date(NOW + 3600.0)}", status=502) == 0.0


def test_a_clock_that_was_read_once_stays_read_where_an_answer_has_no_date() -> None:
    async def story() -> float:
        async with fake_twilio(reply(200, {}, f"Date: {date(NOW + 3600.0)}")) as server:
            http = TwilioHttp(server.url, 5.0, 5.0, lambda: NOW)
            await http.request("GET", "https://api.twilio.com/x")
            server.answer = raw(200, "{}")
            await http.request("GET", "https://api.twilio.com/x")
            await http.close()
            return http.offset

    assert asyncio.run(story()) == 3600.0


def test_a_pause_until_a_date_without_a_zone_is_read_in_utc() -> None:
    assert retry_after("Sat, 21 Nov 2026 20:00:30 -0000", NOW) == 30.0


@pytest.mark.parametrize(
    "uri",
    ["https://evil.example/x", "https://twilio.com.evil.example/", "http://api.twilio.com/x", "//api.twilio.com/x",
     "https://api.twilio.com@evil.example/", "https://eviltwilio.com/"],
)  # fmt: skip
def test_the_credentials_leave_for_twilios_hosts_only(uri: str) -> None:
    async def story() -> SendError:
        http = TwilioHttp(None, 5.0, 5.0, lambda: NOW)
        with pytest.raises(SendError) as error:
            await http.request("GET", uri, auth=("AC", "token"))
        await http.close()
        return error.value

    assert asyncio.run(story()).kind is Fault.NOT_PROCESSED


@pytest.mark.parametrize(
    ("base", "uri", "path"),
    [
        ("", "https://api.twilio.com/2010-04-01/x?a=b", "/2010-04-01/x"),
        ("/2", "https://api.twilio.com/2010-04-01/x", "/2/2010-04-01/x"),
        ("/proxy/", "https://lookups.twilio.com/v2/x", "/proxy/v2/x"),
        ("/api/laml", "https://api.twilio.com/api/laml/2010-04-01/x", "/api/laml/2010-04-01/x"),
        ("", "https://evil.example/2010-04-01/x", "/2010-04-01/x"),
    ],
)
def test_a_base_takes_the_place_of_scheme_and_host_and_is_not_put_twice(base: str, uri: str, path: str) -> None:
    async def story() -> str:
        async with fake_twilio(reply(200, {})) as server:
            http = TwilioHttp(server.url + base, 5.0, 5.0, lambda: NOW)
            await http.request("GET", uri)
            await http.close()
            return server.requests[0].path

    assert asyncio.run(story()) == path
