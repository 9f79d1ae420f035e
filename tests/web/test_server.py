"""The listener itself: it opens or says why not, outlives bad visitors, and stops when it is told to."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import Mock

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from textback.listen import ListenError
from textback.web.connection import Connection
from textback.web.server import GRACE, LAST, serve

from .visitor import PATIENCE, Answer, Site, site

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
HASTY = 0.05


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


def app(endpoint: Callable[[Request], Awaitable[Response]] = hello) -> Starlette:
    return Starlette(routes=[Route("/", endpoint, methods=["GET", "POST"])])


def visit(story: Callable[[Site], Awaitable[Any]], endpoint: Any = hello, **options: Any) -> Any:
    """What a story at a listener gives."""

    async def run() -> Any:
        async with site(app(endpoint), **options) as there:
            return await story(there)

    return asyncio.run(run())


def test_it_answers_and_names_no_program() -> None:
    answer: Answer = visit(lambda there: there.say(GET))
    assert (answer.status, answer.body) == (200, "hello")
    assert "server" not in answer.headers


def test_the_signals_stay_the_daemons() -> None:
    async def run() -> None:
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        async with site(app()):
            assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    asyncio.run(run())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_in_use_is_told_with_its_address(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = (host, taken.getsockname()[1])
        with pytest.raises(ListenError, match=f"^cannot listen on {host}:{address[1]}: address already in use$"):
            asyncio.run(serve(app(), address, asyncio.Event()))


def test_a_host_that_is_not_this_machine_is_told() -> None:
    with pytest.raises(ListenError, match="^cannot listen on 192.0.2.1:8081: cannot assign requested address$"):
        asyncio.run(serve(app(), ("192.0.2.1", 8081), asyncio.Event()))


def test_a_host_that_nobody_knows_is_told() -> None:
    with pytest.raises(ListenError, match="^cannot listen on nowhere.invalid:8081: "):
        asyncio.run(serve(app(), ("nowhere.invalid", 8081), asyncio.Event()))


def test_a_port_is_free_again_once_it_has_stopped() -> None:
    async def run() -> None:
        async with site(app()) as there:
            assert (await there.say(GET)).status == 200
        with socket.create_server((there.host, there.port)):
            pass

    asyncio.run(run())


def test_a_visitor_that_says_nothing_is_sent_away() -> None:
    assert visit(lambda there: there.say(b""), patience=HASTY).status == 0


@pytest.mark.parametrize("head", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_never_ends_is_not_waited_for(head: bytes) -> None:
    assert visit(lambda there: there.say(head), patience=HASTY).status == 0


def test_a_byte_now_and_then_does_not_buy_time() -> None:
    async def story(there: Site) -> bool:
        reader, writer = await there.connect()
        ended = asyncio.create_task(reader.read())
        while not ended.done():
            writer.write(b"X")
            await asyncio.wait({ended}, timeout=HASTY / 10)
        writer.close()
        return True

    assert visit(lambda there: asyncio.wait_for(story(there), PATIENCE), patience=HASTY)


def test_a_second_request_that_never_ends_is_not_waited_for_either() -> None:
    async def story(there: Site) -> bytes:
        reader, writer = await there.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo")
        whole = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        return whole

    whole: bytes = visit(story, patience=HASTY)
    assert whole.count(b"200 OK") == 1


def test_two_requests_on_one_connection_are_both_answered() -> None:
    async def story(there: Site) -> bytes:
        reader, writer = await there.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
        whole = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        return whole

    assert visit(story).count(b"200 OK") == 2


def test_many_silent_visitors_do_not_keep_out_one_who_speaks() -> None:
    async def story(there: Site) -> tuple[int, int]:
        silent = [await there.connect() for _ in range(50)]
        answer = await there.say(GET)
        gone = [asyncio.create_task(reader.read()) for reader, _ in silent[:40]]
        await asyncio.wait_for(asyncio.gather(*gone, return_exceptions=True), PATIENCE)
        for _, writer in silent:
            writer.close()
        return answer.status, sum(task.done() for task in gone)

    assert visit(lambda there: asyncio.wait_for(story(there), PATIENCE), most=10, patience=60.0) == (200, 40)


def test_a_visitor_that_does_not_read_its_answer_is_sent_away() -> None:
    written = asyncio.Event()

    async def talkative(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):  # far more than fits into the buffers of two sockets
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
        written.set()

    async def run() -> None:
        async with site(talkative, patience=HASTY) as there:
            reader, writer = await there.connect()
            writer.write(GET)
            await asyncio.wait_for(written.wait(), PATIENCE)
            writer.transport.abort()

    asyncio.run(run())


class Slow(Connection):
    """A connection on which a long answer is under way, without a network."""

    def __init__(self) -> None:
        self.cycle, self.flow, self.transport, self.loop = Mock(response_complete=False), Mock(), Mock(), Mock()
        self.transport.get_write_buffer_size.return_value = 70_000
        self._patience, self._timer, self._takes = 5.0, None, False


def test_a_visitor_that_reads_slowly_is_waited_for_and_one_that_has_stopped_is_not() -> None:
    visitor = Slow()
    for _ in range(3):
        visitor.resume_writing()  # it has taken some
        visitor._lose_patience()
        visitor.transport.abort.assert_not_called()
    visitor._lose_patience()
    visitor.transport.abort.assert_called_once_with()


@pytest.mark.parametrize(
    "words",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 100_000,
        b"GET / FTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_without_a_word_in_the_log(
    words: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(there: Site) -> tuple[Answer, Answer]:
        return await there.say(words), await there.say(GET)

    with caplog.at_level(logging.WARNING):
        bad, good = visit(story, patience=HASTY)
    assert bad.status in (0, 400)
    assert good.status == 200
    assert not caplog.records


def test_a_websocket_is_an_ordinary_request() -> None:
    upgrade = GET.replace(b"Connection: close", b"Connection: Upgrade, close\r\nUpgrade: websocket")
    assert visit(lambda there: there.say(upgrade)).status == 200


def test_a_request_in_hand_is_answered_before_the_end() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Response:
        begun.set()
        await go_on.wait()
        return PlainTextResponse("done")

    async def story(there: Site) -> Answer:
        asking = asyncio.create_task(there.say(GET))
        await begun.wait()
        there.stop.set()
        go_on.set()
        return await asking

    assert visit(story, slow).body == "done"


def test_a_request_that_takes_too_long_is_cut_off_at_the_end_and_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    begun = asyncio.Event()

    async def stuck(request: Request) -> Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("never reached")

    async def story(there: Site) -> Answer:
        asking = asyncio.create_task(there.say(GET))
        await begun.wait()
        there.stop.set()
        await asyncio.wait_for(there.serving, PATIENCE)
        return await asking

    assert visit(story, stuck, grace=HASTY).status == 0
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_visitors_that_say_nothing_do_not_delay_the_end() -> None:
    async def run() -> None:
        async with site(app(), patience=60.0, grace=HASTY) as there:
            silent = [await there.connect() for _ in range(5)]
            silent[0][1].write(b"GET / HT")
            silent[1][1].write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
            there.stop.set()
            await asyncio.wait_for(there.serving, PATIENCE)
            for _, writer in silent:
                writer.close()

    asyncio.run(run())


def test_it_has_stopped_within_three_seconds() -> None:
    a_look_at_the_flag = 0.1
    assert GRACE + LAST + 2 * a_look_at_the_flag < 3.0


def test_when_its_task_is_cancelled_it_lets_go_of_the_port() -> None:
    async def run() -> None:
        found: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve(app(), ("127.0.0.1", 0), asyncio.Event(), on_listening=found.set_result)
        )
        address = await found
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with socket.create_server(address):
            pass

    asyncio.run(run())


def test_a_visitor_that_leaves_in_mid_body_is_noticed() -> None:
    left: list[bool] = []

    async def reads(request: Request) -> Response:
        try:
            await request.body()
        except ClientDisconnect:
            left.append(True)
        return PlainTextResponse("")

    async def story(there: Site) -> Answer:
        return await there.say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", end=True)

    assert visit(story, reads).status == 0
    assert left == [True]
