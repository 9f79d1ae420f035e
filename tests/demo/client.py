"""A bare AMI client, for tests that look at what is on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

Block = list[tuple[str, str]]


class Client:
    """Sends actions, reads blocks; every wait ends after 5 s."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, **headers: str) -> None:
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        self.writer.write(("".join(lines) + "\r\n").encode())
        await self.writer.drain()

    async def block(self) -> Block:
        raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        pairs = (line.partition(": ") for line in raw.decode().split("\r\n") if line)
        return [(name, value) for name, _, value in pairs]

    async def ask(self, **headers: str) -> dict[str, str]:
        await self.send(**headers)
        return dict(await self.block())

    async def list_of(self, complete: str, **headers: str) -> list[Block]:
        """The answer, the items and the end of a list."""
        await self.send(**headers)
        blocks = [await self.block()]
        while blocks[-1][0] != ("Event", complete):
            blocks.append(await self.block())
        return blocks

    async def is_closed(self) -> bool:
        return await asyncio.wait_for(self.reader.read(1), 5) == b""


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = Client(reader, writer)
    assert await reader.readline() == b"Asterisk Call Manager/11.0.0\r\n"
    try:
        yield client
    finally:
        writer.close()


@asynccontextmanager
async def logged_in(port: int, events: str = "on") -> AsyncIterator[Client]:
    async with connected(port) as client:
        answer = await client.ask(Action="Login", Username="textback", Secret="demo", Events=events)
        assert answer["Message"] == "Authentication accepted"
        if events == "on":
            assert (await client.block())[0] == ("Event", "FullyBooted")
        yield client
