"""Runs uvicorn in our own event loop: the daemon's signals and log stay the daemon's, and it stops when told to."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, cast

import uvicorn

from textback.listen import ListenError
from textback.web.connection import MOST, PATIENCE, Connection

#: Seconds that requests in hand have to be answered once the daemon stops, and then to let go.
GRACE, LAST = 2.0, 0.5
#: Nobody would connect to these from elsewhere: a machine without IPv6, say, still has a localhost.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

App = Callable[[Any, Any, Any], Awaitable[None]]
Address = tuple[str, int]


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the daemon."""
        yield


async def serve(
    app: App,
    address: Address,
    stop: asyncio.Event,
    *,
    on_listening: Callable[[Address], None] = lambda address: None,
    patience: float = PATIENCE,
    most: int = MOST,
    grace: float = GRACE,
    sockets: list[socket.socket] | None = None,
) -> None:
    """Serve an ASGI app on host and port until ``stop``; requests in hand then have ``grace`` seconds.

    ``on_listening`` hears the address that is listened on, where port 0 was asked for. ``patience`` in seconds and
    ``most`` are those of a connection. ``sockets``: those of ``bound``, if that was done before; they are closed in
    the end. Raises ``ListenError``.
    """
    sockets = sockets or await bound(address)
    where = sockets[0].getsockname()[:2]
    server = _Server(_settings(app, patience, most))
    serving = asyncio.create_task(server.serve(sockets))
    stopping = asyncio.create_task(stop.wait())
    on_listening(where)
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await _end(server, serving, grace)
        for one in sockets:
            one.close()


def _settings(app: App, patience: float, most: int) -> uvicorn.Config:
    return uvicorn.Config(
        partial(_quietly, app),
        http=cast(Any, partial(Connection, patience=patience, most=most)),
        ws="none",
        interface="asgi3",
        lifespan="off",
        # a line of its access log would hold what a stranger, or a token's owner, wrote into the URL
        access_log=False,
        log_config=None,
        log_level="error",
        proxy_headers=False,
        server_header=False,
    )


async def _quietly(app: App, scope: Any, receive: Any, send: Any) -> None:
    """A request that is cut off when the daemon stops is no fault; uvicorn would log it as one."""
    with suppress(asyncio.CancelledError):
        await app(scope, receive, send)


async def _end(server: uvicorn.Server, serving: asyncio.Task[None], grace: float) -> None:
    server.should_exit = True
    await asyncio.wait({serving}, timeout=grace)
    if not serving.done():
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        for task in list(server.server_state.tasks):
            task.cancel()
        server.force_exit = True
        await asyncio.wait({serving}, timeout=LAST)
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


async def bound(address: Address, shared: bool = False) -> list[socket.socket]:
    """A socket for every address that the host has here, all of them listening. Raises ``ListenError``.

    ``shared``: beside another one of this process that allows it.
    """
    host, port = address
    found: list[socket.socket] = []
    try:
        for family, _, _, _, place in await _found(host, port):
            try:
                found.append(_bind(family, place, shared))
            except OSError as error:
                if not found or error.errno not in _NOT_HERE:
                    raise
    except OSError as error:
        for one in found:
            one.close()
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
        raise ListenError(f"cannot listen on {host}:{port}: {why.lower()}") from None
    return found


async def _found(host: str, port: int) -> list[Any]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # IPv4 first, and only that for port 0: two sockets would get two ports
    ordered = sorted(dict.fromkeys(found), key=lambda one: one[0] != socket.AF_INET)
    return ordered[:1] if port == 0 else ordered


def _bind(family: int, place: Any, shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(place)
        made.listen()  # here, so that a port in use is told now
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
