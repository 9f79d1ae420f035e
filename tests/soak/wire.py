"""A wire between two programs that can be cut, go dead without a word, become slow, or carry one direction only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Watcher(Protocol):
    """Hears what passes."""

    def connected(self, line: object) -> None:
        """Somebody has connected, by a new line."""

    def asked(self, line: object, data: bytes) -> None:
        """What the client sent."""

    def lost(self, line: object) -> None:
        """That line is no more."""


class Wire:
    """Takes connections on loopback (or a socket file) and passes every byte on to ``there``."""

    def __init__(self, there: Callable[[], Awaitable[Streams]], watcher: Watcher | None = None) -> None:
        self.port = 0
        self.delay = 0.0
        self.is_refusing = False
        self._there, self._watcher = there, watcher
        #: clear: nothing passes from the client, to the client
        self._flows = (asyncio.Event(), asyncio.Event())
        for flow in self._flows:
            flow.set()
        #: how many want nothing to pass, in each direction
        self._stalls = [0, 0]
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, path: str | None = None) -> None:
        """On a port of its own, or on the socket file ``path``."""
        if path is not None:
            self._server = await asyncio.start_unix_server(self._taken, path)
        else:
            self._server = await asyncio.start_server(self._taken, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """No more connections, and the end of all that there are."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for flow in self._flows:
            flow.set()
        if self._tasks:  # each of them ends with its line
            await asyncio.wait(self._tasks)

    def cut(self) -> None:
        """End every connection at once, with a reset; what was on its way is lost."""
        for writer in list(self._writers):
            writer.transport.abort()

    def stall(self, to_server: bool = True, to_client: bool = True) -> None:
        """Let nothing pass any more, without a word to anybody."""
        for way, stalls in enumerate((to_server, to_client)):
            if stalls:
                self._stalls[way] += 1
                self._flows[way].clear()

    def flow(self, to_server: bool = True, to_client: bool = True) -> None:
        """The end of a stall: everything passes again, unless somebody else wants none to; what was held comes now."""
        for way, flows in enumerate((to_server, to_client)):
            if flows:
                self._stalls[way] -= 1
                if not self._stalls[way]:
                    self._flows[way].set()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_refusing:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        line = object()
        try:
            await self._carry(line, reader, writer)
        except (OSError, EOFError):
            return  # an end has gone
        finally:
            self._tasks.discard(task)
            writer.transport.abort()
            if self._watcher is not None:
                self._watcher.lost(line)

    async def _carry(self, line: object, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await self._there()
        self._writers |= {writer, far_writer}
        if self._watcher is not None:
            self._watcher.connected(line)
        try:
            pumps = [
                asyncio.create_task(self._pump(reader, far_writer, self._flows[0], line)),
                asyncio.create_task(self._pump(far_reader, writer, self._flows[1], None)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self._writers -= {writer, far_writer}
            far_writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: asyncio.Event, line: object | None
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                if not flow.is_set() and not (data := await _held(data, reader, flow)):
                    return
                if self.delay:
                    await asyncio.sleep(self.delay)
                if line is not None and self._watcher is not None:
                    self._watcher.asked(line, data)
                writer.write(data)
                await writer.drain()


async def _held(data: bytes, reader: asyncio.StreamReader, flow: asyncio.Event) -> bytes:
    """``data`` and all that comes until everything may pass again; nothing, if the line ends before."""
    passing = asyncio.ensure_future(flow.wait())
    try:
        while not passing.done():
            reading = asyncio.ensure_future(reader.read(1 << 16))
            await asyncio.wait({passing, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()  # what it would have read stays for the next one, who must not come before it is gone
                await asyncio.wait({reading})
            elif more := reading.result():
                data += more
            else:
                return b""
        return data
    finally:
        passing.cancel()
