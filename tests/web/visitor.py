"""Visitors of a listener on a real socket: those who speak HTTP, and those who do not quite."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from textback.web.server import serve

#: seconds of real time after which something that never comes fails the test
PATIENCE = 10.0
LOG = logging.getLogger("textback.test")

App = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """A response; status 0 where the connection ended without one."""

    status: int
    headers: dict[str, str]
    body: str
    #: every ``Set-Cookie``
    cookies: list[str] = field(default_factory=list)


@dataclass
class Site:
    """A listener that runs; ``serving`` ends when ``stop`` is set."""

    host: str
    port: int
    stop: asyncio.Event
    serving: asyncio.Task[None]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)

    async def say(self, words: bytes, *, end: bool = False) -> Answer:
        """Say something, and then, if ``end``, that nothing more will come; gives what comes until the end."""
        reader, writer = await self.connect()
        try:
            writer.write(words)
            if end:
                writer.write_eof()
            return await heard(reader)
        finally:
            writer.close()

    async def ask(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One whole request."""
        told = {"Host": "hidden.internal", "Connection": "close"} | (headers or {})
        if body is not None:
            told.setdefault("Content-Length", str(len(body)))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
        return await self.say("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))


@dataclass
class Twilio:
    """Posts forms as Twilio does, signed by its own library for the URL that it was told."""

    site: Site
    public_url: str
    token: str

    async def post(self, target: str, form: dict[str, str] | list[tuple[str, str]], **changes: Any) -> Answer:
        """``changes``: ``signature`` (None: none), ``content_type``, ``url``, ``body``, ``token``."""
        body = changes.get("body", urlencode(form).encode())
        signature = changes.get("signature", self.signature(target, dict(form), **changes))
        headers = {"Content-Type": changes.get("content_type", "application/x-www-form-urlencoded; charset=UTF-8")}
        headers |= {"X-Twilio-Signature": signature} if signature is not None else {}
        return await self.site.ask("POST", target, headers, body)

    def signature(self, target: str, form: dict[str, str], **changes: Any) -> str:
        validator = RequestValidator(changes.get("token", self.token))
        return str(validator.compute_signature(changes.get("url", self.public_url) + target, form))


async def heard(reader: asyncio.StreamReader) -> Answer:
    """The response on a connection that is closed after it."""
    try:
        whole = await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionError:
        whole = b""
    return parsed(whole)


def parsed(whole: bytes) -> Answer:
    """The first response in these bytes."""
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    cookies = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("set-cookie:")]
    return Answer(int(first.split(" ")[1]) if first else 0, headers, body.decode(), cookies)


@asynccontextmanager
async def site(app: App, **options: Any) -> AsyncIterator[Site]:
    """A listener with this app on a free port of loopback, stopped in order at the end."""
    stop = asyncio.Event()
    found: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(app, ("127.0.0.1", 0), stop, on_listening=found.set_result, **options))
    await asyncio.wait({serving, found}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
    host, port = found.result()
    try:
        yield Site(host, port, stop, serving)
    finally:
        stop.set()
        await asyncio.wait_for(serving, PATIENCE)
