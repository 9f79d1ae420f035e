"""A stand-in for Twilio on a real socket, that misbehaves as it is told and counts what reaches it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]


Answer = Callable[["FakeTwilio", Request | None, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class FakeTwilio:
    answer: Answer
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    reads: bool = True
    url: str = ""
    # Kept here, since a task that waits for something that nobody holds is garbage to asyncio.
    never: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def posts(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = await _read(reader) if self.reads else None
            self.requests += [request] if request else []
            await self.answer(self, request, writer)
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, target, _ = first.split(" ")
    url = urlsplit(target)
    return Request(method, url.path, _flat(url.query), headers, _flat(body.decode()))


def _flat(text: str) -> dict[str, str]:
    return {key: value[0] for key, value in parse_qs(text, keep_blank_values=True).items()}


def raw(status: int, body: str, *headers: str, kind: str = "application/json") -> Answer:
    """Answers with this status, this body and these header lines."""

    async def answer(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        data = body.encode()
        lines = [f"HTTP/1.1 {status} Reason", f"Content-Type: {kind}", f"Content-Length: {len(data)}", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        await writer.drain()

    return answer


def reply(status: int, document: object, *headers: str) -> Answer:
    """Answers with this status and JSON."""
    return raw(status, json.dumps(document), *headers)


def refuse(status: int, code: int) -> Answer:
    """Answers as Twilio does when it does not like a request; its sentence holds the number."""
    return reply(status, {"code": code, "message": "The number +15555550203 is bad", "status": status, "more_info": ""})


def resource(**changes: Any) -> dict[str, Any]:
    """A Message resource as the API describes it."""
    message = {
        "sid": "SM" + "a" * 32,
        "account_sid": "AC" + "0" * 32,
        "to": "+15555550203",
        "from": "+15555550100",
        "body": "Sorry we missed you",
        "status": "queued",
        "num_segments": "1",
        "direction": "outbound-api",
        "date_created": "Sat, 21 Nov 2026 20:00:01 +0000",
        "date_sent": None,
        "error_code": None,
    }
    return message | changes


def page(*messages: dict[str, Any]) -> Answer:
    """Answers with a page of the list of messages, which claims to have a next one."""
    return reply(200, {"messages": list(messages), "page": 0, "page_size": 50, "next_page_uri": "/again?Page=1"})


async def hang(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await server.never.wait()


async def drop(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
    """Hangs up without an answer."""


async def drop_in_mid_answer(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
    """Hangs up in the middle of a good answer."""
    writer.write(b'HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"sid": "SM')
    await writer.drain()


async def trickle(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
    """A byte now and then: every single read is fast enough, the whole is not."""
    writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def flood(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
    """An answer without end."""
    writer.write(b"HTTP/1.1 201 Created\r\n\r\n")
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


@asynccontextmanager
async def fake_twilio(answer: Answer, *, reads: bool = True) -> AsyncIterator[FakeTwilio]:
    fake = FakeTwilio(answer, reads=reads)
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
