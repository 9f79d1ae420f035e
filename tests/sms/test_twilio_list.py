"""Lists of several pages, and lists that never end."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from textback.sms import Inbound
from textback.sms.twilio import Twilio
from textback.sms.twilio_list import PAGES

from .asking import ACCOUNT, LINE, NOW, ask, date, listing, reply_text
from .fake_twilio import FakeTwilio, Request, drop, fake_twilio, page, reply

SINCE = NOW - 600.0


def fetch(answer: Any, **options: Any) -> tuple[object, FakeTwilio]:
    return ask(answer, lambda provider: provider.received(LINE, SINCE), **options)


def ids(found: object) -> list[str]:
    assert isinstance(found, list) and all(isinstance(text, Inbound) for text in found)
    return [text.provider_id for text in found]


def numbered(count: int | None, where: str = "/2010-04-01/more?Page={}") -> Any:
    """Pages of one text each, so many of them, or without end."""

    async def answer(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        assert request is not None
        number = int(request.query.get("Page", 0))
        text = reply_text(sid=f"SM{number}", date_created=date(NOW - number))
        more = where.format(number + 1) if count is None or number + 1 < count else None
        await reply(200, {"messages": [text], "next_page_uri": more})(server, request, writer)

    return answer


def test_all_pages_are_read() -> None:
    found, server = fetch(numbered(3))
    assert ids(found) == ["SM2", "SM1", "SM0"]
    assert [request.path for request in server.requests[1:]] == ["/2010-04-01/more"] * 2


def test_the_credentials_go_along_to_every_page() -> None:
    _, server = fetch(numbered(3))
    assert len({request.headers["authorization"] for request in server.requests}) == 1


def test_a_service_that_lives_below_a_path_may_say_so_in_the_next_pages_address() -> None:
    async def below(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        assert request is not None and request.path.startswith("/api/laml/2010-04-01/")
        await numbered(2, "/api/laml/2010-04-01/more?Page={}")(server, request, writer)

    async def story() -> list[str]:
        async with fake_twilio(below) as server:
            provider = Twilio(ACCOUNT, "token", api_base=f"{server.url}/api/laml", clock=lambda: NOW)
            found = await provider.received(LINE, SINCE)
            await provider.close()
            return ids(found)

    assert asyncio.run(story()) == ["SM1", "SM0"]


def test_a_list_that_comes_round_again_ends() -> None:
    found, server = fetch(page(reply_text(sid="SM1"), reply_text(sid="SM2")))
    assert sorted(ids(found)) == ["SM1", "SM2"]
    assert len(server.requests) == 2


def test_a_list_without_end_is_cut_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    found, server = fetch(numbered(None))
    assert len(ids(found)) == len(server.requests) == PAGES
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == [
        f"a list goes on after {PAGES} pages: the rest of it is left out"
    ]


def test_a_list_of_garbage_without_end_is_cut_too() -> None:
    found, server = fetch(page(*([7] * 5)))
    assert (ids(found), len(server.requests)) == ([], PAGES)


def test_garbage_is_complained_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async def thrice(provider: Any) -> None:
        for _ in range(3):
            await provider.received(LINE, SINCE)

    ask(listing(7, reply_text(), 8), thrice)
    assert len([record for record in caplog.records if "cannot be read" in record.getMessage()]) == 1


def test_a_page_that_fails_is_not_taken_for_the_end() -> None:
    async def then_drop(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        assert request is not None
        await (drop if "Page" in request.query else numbered(2))(server, request, writer)

    found, _ = fetch(then_drop)
    assert isinstance(found, Exception)


@pytest.mark.parametrize("following", [5, ["x"], {"a": 1}])
def test_an_address_of_a_next_page_that_is_none_is_an_error(following: object) -> None:
    found, _ = fetch(reply(200, {"messages": [reply_text()], "next_page_uri": following}))
    assert isinstance(found, Exception)
