"""The published listener: bodies have an end, and whoever knocks at random learns nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from textback.web.webhooks import HEARD_OUT, LIMIT, body_of, webhooks

from .visitor import Answer, Site, site

HEAD = "POST /post HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


def visit(story: Callable[[Site], Awaitable[Any]], patience: float = 5.0) -> Any:
    async def post(request: Request) -> Response:
        return PlainTextResponse(str(len(await body_of(request, patience=patience))))

    async def run() -> Any:
        async with site(webhooks([Route("/post", post, methods=["POST"])], [])) as there:
            return await story(there)

    return asyncio.run(run())


def post(rest: str, patience: float = 5.0, *, end: bool = False) -> Answer:
    answer: Answer = visit(lambda there: there.say((HEAD + rest).encode(), end=end), patience)
    return answer


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "TRACE"])
def test_what_is_not_known_is_not_found_and_no_more(method: str) -> None:
    async def story(there: Site) -> list[Answer]:
        paths = ["/", "/post/", "/post/x", "//post", "/docs", "/%00", "/../post", "*", "/healthz", "http://x/post"]
        return [await there.ask(method, path) for path in paths]

    for answer in visit(story):
        assert answer.status == 404
        assert answer.body == ("" if method == "HEAD" else "Not Found\n")
        assert set(answer.headers) == {"date", "content-type", "content-length", "connection"}


def test_another_method_is_refused() -> None:
    async def story(there: Site) -> list[Answer]:
        methods = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]
        return [await there.ask(method, "/post") for method in methods]

    assert [(answer.status, answer.headers["allow"]) for answer in visit(story)] == [(405, "POST")] * 7


@pytest.mark.parametrize("length", [0, 1, LIMIT])
def test_a_body_within_the_limit_is_read(length: int) -> None:
    assert post(f"Content-Length: {length}\r\n\r\n" + "x" * length).body == str(length)


def test_a_body_in_chunks_is_read() -> None:
    assert post("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body == "5"


@pytest.mark.parametrize("length", [HEARD_OUT + 1, 10_000_000_000_000_000_000])
def test_a_body_that_is_announced_far_too_long_is_not_read(length: int) -> None:
    assert post(f"Content-Length: {length}\r\n\r\n").status == 413


@pytest.mark.parametrize("length", [LIMIT + 1, HEARD_OUT])
def test_a_body_that_is_too_long_is_heard_out_so_that_the_refusal_is_heard(length: int) -> None:
    assert post(f"Content-Length: {length}\r\n\r\n{'x' * length}").status == 413


def test_a_body_in_chunks_that_gets_too_long_is_refused() -> None:
    chunk = "4000\r\n" + "x" * 0x4000 + "\r\n"
    assert post("Transfer-Encoding: chunked\r\n\r\n" + chunk * 30 + "0\r\n\r\n").status == 413


def test_a_body_without_end_has_one() -> None:
    async def story(there: Site) -> bool:
        reader, writer = await there.connect()
        writer.write((HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode())
        ended = asyncio.create_task(reader.read())
        while not ended.done():
            writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            await asyncio.wait({ended}, timeout=0.001)
        writer.close()
        return True

    assert visit(lambda there: asyncio.wait_for(story(there), 10))


@pytest.mark.parametrize("begun", ["", "abc"])
def test_a_body_that_does_not_come_is_not_waited_for(begun: str) -> None:
    answer = post(f"Content-Length: 9\r\n\r\n{begun}", patience=0.05)
    assert (answer.status, answer.headers["connection"]) == (408, "close")


def test_a_body_that_breaks_off_disturbs_nobody() -> None:
    async def story(there: Site) -> Answer:
        await there.say((HEAD + "Content-Length: 9\r\n\r\nabc").encode(), end=True)
        return await there.say((HEAD + "Content-Length: 3\r\n\r\nabc").encode())

    assert visit(story).body == "3"
