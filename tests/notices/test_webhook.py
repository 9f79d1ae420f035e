"""Posts to other software: signed as receivers check it, never to where they must not go, and in bounded time."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks.webhooks import Webhook as Standard
from standardwebhooks.webhooks import WebhookVerificationError

from tests.data import TLS
from tests.notices.errands import NOW, errand
from tests.notices.servers import Post, receiver, tls
from textback.notices import Untold
from textback.notices.webhook import Webhook

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LOOPBACK = (ip_network("127.0.0.0/8"),)


class Names(AbstractResolver):
    """Answers in turn, and remembers what it was asked; each answer is what a name server may say."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), list[str]()

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self.answers.pop(0)
        kind = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in answer]
        common: dict[str, Any] = {"hostname": host, "port": port, "proto": 0, "flags": 0}
        return [ResolveResult(host=one, family=of, **common) for one, of in zip(answer, kind, strict=True)]

    async def close(self) -> None:
        """Nothing is kept."""


def hook(**given: Any) -> Webhook:
    return Webhook(KEY, lambda: NOW + 60, **({"allowed": LOOPBACK, "timeout": 10.0} | given))


def posted(
    answer: Callable[[web.Request], Any] = lambda request: 204, url: str | None = None, **given: Any
) -> tuple[list[Post], Untold | None]:
    """What arrives, and what is said of it; ``{port}`` in ``url`` is the receiver's."""

    async def story() -> tuple[list[Post], Untold | None]:
        async with receiver(answer) as there:
            target = url.format(port=there.port) if url else there.url
            try:
                await hook(**given).carry(errand(target=target))
            except Untold as error:
                return there.posts, error
            return there.posts, None

    return asyncio.run(story())


def test_it_says_where_there_is_something_to_read_and_nothing_of_what() -> None:
    ((post,), error) = posted()
    assert error is None and post.path == "/hook" and post.headers["content-type"] == "application/json"
    assert json.loads(post.body) == {
        "type": "reply.received",
        "timestamp": "2027-01-15T12:00:00Z",
        "data": {
            "practice": "Riverside",
            "line": "Front desk",
            "conversation": 12,
            "url": "https://textback.clinic.internal/conversations/12",
            "unread": 3,
        },
    }


def at(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), timezone.utc)


def test_a_library_of_the_standard_finds_the_signature_right(monkeypatch: pytest.MonkeyPatch) -> None:
    ((post,), _) = posted()
    assert post.headers["webhook-id"] == errand().id and post.headers["webhook-timestamp"] == str(int(NOW) + 60)
    monkeypatch.setattr(Standard, "_Webhook__verify_timestamp", lambda self, value: at(value))
    assert Standard(KEY).verify(post.body, post.headers)["type"] == "reply.received"
    for body, headers in (
        (post.body + b" ", post.headers),
        (post.body, post.headers | {"webhook-timestamp": str(int(NOW) + 61)}),
        (post.body, post.headers | {"webhook-id": "another"}),
    ):
        with pytest.raises(WebhookVerificationError):
            Standard(KEY).verify(body, headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_taken(status: int) -> None:
    assert posted(lambda request: status)[1] is None


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 408, 429, 500, 502, 503])
def test_all_else_is_tried_again(status: int) -> None:
    _, error = posted(lambda request: status)
    assert error is not None and not error.for_good and error.of_place and str(status) in str(error)


def test_410_is_given_up() -> None:
    _, error = posted(lambda request: 410)
    assert error is not None and error.for_good and not error.of_place


def test_a_receiver_may_say_when_to_come_again() -> None:
    _, error = posted(lambda request: web.Response(status=429, headers={"Retry-After": "120"}))
    assert error is not None and error.retry_after == 120.0
    when = {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}
    _, error = posted(lambda request: web.Response(status=503, headers=when))
    assert error is not None and error.retry_after is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    posts, error = posted(lambda request: web.Response(status=status, headers={"Location": "/inside"}))
    assert [post.path for post in posts] == ["/hook"] and error is not None and str(status) in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/", "http://127.1:{port}/", "http://0x7f000001:{port}/", "http://2130706433:{port}/",
        "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://localhost:{port}/",
        "http://0.0.0.0:{port}/",
    ],
)  # fmt: skip
def test_this_machine_is_not_posted_to(url: str) -> None:
    posts, error = posted(url=url, allowed=())
    assert posts == [] and error is not None and "allow_private" in str(error) and not error.for_good


def test_a_name_that_leads_inside_with_any_of_its_addresses_is_not_posted_to() -> None:
    names = Names(["93.184.216.34", "127.0.0.1"])
    posts, error = posted(url="http://rebind.example:{port}/", allowed=(), lookup=names)
    assert posts == [] and error is not None and "allow_private" in str(error)


def test_what_was_looked_at_is_connected_to_whatever_the_name_says_next() -> None:
    """The name leads to an allowed address when it is looked at, and to a cloud's metadata ever after."""
    names = Names(["127.0.0.1"], ["169.254.169.254"], ["169.254.169.254"])
    (post,), error = posted(url="http://rebind.example:{port}/hook", lookup=names)
    assert error is None and names.asked == ["rebind.example"] and post.headers["host"].startswith("rebind.example")


def test_each_try_looks_anew() -> None:
    async def story() -> tuple[int, list[str]]:
        names = Names(["127.0.0.1"], ["169.254.169.254"])
        async with receiver() as there:
            carrier, told = hook(lookup=names), errand(target=f"http://rebind.example:{there.port}/")
            await carrier.carry(told)
            with pytest.raises(Untold, match="allow_private"):
                await carrier.carry(told)
            return len(there.posts), names.asked

    assert asyncio.run(story()) == (1, ["rebind.example"] * 2)


def test_a_name_server_that_hangs_holds_up_nobody_elses_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lookups wait in threads, of which the loop's own pool has a handful."""
    answered = threading.Event()
    real = socket.getaddrinfo

    def asked(host: Any, *given: Any, **named: Any) -> Any:
        if host == "hangs.example":
            answered.wait(10.0)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, *given, **named)

    monkeypatch.setattr(socket, "getaddrinfo", asked)

    async def story() -> None:
        carrier = hook(timeout=0.05)
        asking = [carrier.carry(errand(target="http://hangs.example/")) for _ in range(40)]
        for error in await asyncio.gather(*asking, return_exceptions=True):
            assert isinstance(error, Untold) and "no answer in time" in str(error)
        async with asyncio.timeout(5.0):
            assert await asyncio.get_running_loop().getaddrinfo("localhost", 80)
        answered.set()

    asyncio.run(story())


def test_a_name_that_there_is_not_is_told_in_words() -> None:
    class Nobody(Names):
        async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
            raise OSError(None, "Name or service not known")

    _, error = posted(url="http://nowhere.example/", lookup=Nobody())
    assert error is not None and error.of_place and "Name or service not known" in str(error)


def test_who_never_answers_is_not_waited_for() -> None:
    async def story() -> Untold:
        never = asyncio.Event()

        async def hang(request: web.Request) -> int:
            await never.wait()
            return 204

        async with receiver(lambda request: hang(request)) as there:
            with pytest.raises(Untold) as caught:
                await hook(timeout=0.05).carry(errand(target=there.url))
            never.set()
            return caught.value

    error = asyncio.run(story())
    assert error.of_place and "no answer in time" in str(error)


def test_an_answer_without_end_is_not_read() -> None:
    async def story() -> int:
        gone = asyncio.Event()
        sent = 0

        async def endless(request: web.Request) -> web.StreamResponse:
            nonlocal sent
            answer = web.StreamResponse()
            await answer.prepare(request)
            try:
                while True:
                    await answer.write(b"x" * 65_536)
                    sent += 65_536
            except (ConnectionError, asyncio.CancelledError):
                gone.set()
                raise

        async with receiver(lambda request: endless(request)) as there:
            await hook().carry(errand(target=there.url))
            await asyncio.wait_for(gone.wait(), 10.0)
        return sent

    assert asyncio.run(story()) < 20_000_000


def test_what_is_no_http_is_told_in_words() -> None:
    async def story(said: bytes) -> Untold:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(said)
            writer.close()

        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Untold) as caught:
            await hook().carry(errand(target=f"http://127.0.0.1:{port}/?token=hunter2"))
        server.close()
        return caught.value

    for said in (b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000):
        error = asyncio.run(story(said))
        assert error.of_place and not error.for_good and "hunter2" not in str(error)


def test_a_certificate_that_nobody_vouches_for_gets_nothing() -> None:
    async def story(context: ssl.SSLContext | None) -> tuple[int, str]:
        async with receiver(context=tls()) as there:
            try:
                await hook(context=context).carry(errand(target=f"https://127.0.0.1:{there.port}/"))
            except Untold as error:
                return len(there.posts), str(error)
            return len(there.posts), ""

    trusted = ssl.create_default_context(cafile=str(TLS / "cert.pem"))
    assert asyncio.run(story(trusted)) == (1, "")
    count, said = asyncio.run(story(None))
    assert count == 0 and "certificate" in said


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert posted()[1] is None


def test_looking_tells_it_nothing() -> None:
    async def story() -> tuple[int, Post]:
        async with receiver(lambda request: 405) as there:
            status = await hook().look(there.url)
            (post,) = there.posts
            return status, post

    status, post = asyncio.run(story())
    assert status == 405 and post.body == b"" and "webhook-signature" not in post.headers
