"""The listeners of the daemon: what stands behind each, and where it is, may be changed while the others go on."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

from textback.config import Address
from textback.hooks.server import SocketOption
from textback.listen import ListenError
from textback.until import Running
from textback.web.server import App, bound, serve

#: host and port of each listener that is open, by the name of its table in textback.toml
Listening = dict[str, tuple[str, int]]

log = logging.getLogger("textback")


class Door(Protocol):
    """One listener."""

    port: int

    async def listen(self, host: str, port: int, shared: bool = False) -> None:
        """Begin to take connections; ``shared``: besides another door of ours there. Raises ``ListenError``."""

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until ``stop``."""

    def become(self, other: Self) -> None:
        """Answer as another one does that was not opened, from the next request on."""

    def sockets(self) -> Sequence[SocketOption]:
        """What it listens on."""

    def withdraw(self) -> bool:
        """Take no more connections; True if it must run on for what is in hand, until the daemon ends."""


class WebDoor:
    """A door to an app, one of ``[http]`` and ``[webhooks]``; ``most`` connections at once."""

    def __init__(self, section: str, app: App, most: int) -> None:
        self.port = 0
        self._section, self._app, self._most = section, app, most
        self._sockets: list[socket.socket] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        await self._app(scope, receive, send)

    async def listen(self, host: str, port: int, shared: bool = False) -> None:
        """Begin to take connections. Raises ``ListenError``."""
        try:
            self._sockets = await bound((host, port), shared)
        except ListenError as error:
            raise ListenError(f"[{self._section}] listen: {error}") from None
        self.port = self._sockets[0].getsockname()[1]

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until ``stop``."""
        where = self._sockets[0].getsockname()[:2]
        await serve(self, where, stop, most=self._most, sockets=self._sockets)

    def become(self, other: Self) -> None:
        """Answer as another one does, from the next request on."""
        self._app = other._app

    def sockets(self) -> Sequence[SocketOption]:
        """What it listens on."""
        return self._sockets

    def withdraw(self) -> bool:
        """Requests are short, and pages that are open come again: nothing needs to wait."""
        return False


@dataclass(eq=False)
class _Open:
    address: Address
    door: Any
    running: Running


class Doors:
    """Those that are open, in ``listening`` too, by the names of their tables."""

    def __init__(self, tasks: asyncio.TaskGroup, listening: Listening) -> None:
        self._tasks, self._listening = tasks, listening
        self._open: dict[str, _Open] = {}
        self._leaving: list[Running] = []

    async def prepare(self, wanted: Mapping[str, tuple[Address, Door]]) -> None:
        """Have those doors listen that are new, or elsewhere than before. Raises ``ListenError``: then none does."""
        opened: list[Door] = []
        try:
            with self._lent(opened):
                for name, (address, door) in wanted.items():
                    if not self._stays(name, address):
                        await door.listen(*address, shared=bool(self._open))
                        opened.append(door)
        except BaseException:
            for door in opened:
                await _shut(door)
            raise

    def change(self, wanted: Mapping[str, tuple[Address, Door]]) -> None:
        """Put what is prepared in the place of what was; never fails, and does not wait."""
        for name in list(self._open):
            address = wanted[name][0] if name in wanted else None
            if address is None or not self._stays(name, address):
                self._leave(self._open.pop(name), name)
        for name, (address, door) in wanted.items():
            if name in self._open:
                self._open[name].door.become(door)
                continue
            self._listening[name] = (address.host, door.port)
            log.info("[%s] listens on %s:%d", name, address.host, door.port)
            self._open[name] = _Open(address, door, Running(self._tasks, [door.run]))

    @property
    def open(self) -> list[Any]:
        """Those that are open now."""
        return [one.door for one in self._open.values()]

    def tell(self) -> None:
        """Let all of them end; does not wait."""
        for running in (*self._leaving, *(one.running for one in self._open.values())):
            running.tell()

    def _stays(self, name: str, address: Address) -> bool:
        return name in self._open and self._open[name].address == address

    def _leave(self, one: _Open, name: str) -> None:
        self._listening.pop(name, None)
        if one.door.withdraw():
            self._leaving.append(one.running)
        else:
            one.running.tell()

    @contextmanager
    def _lent(self, opened: Sequence[Door]) -> Iterator[None]:
        """Let a new door of ours have an address that overlaps with an old one's: 0.0.0.0 in place of 127.0.0.1, say.

        Only meanwhile: a second daemon that was started by mistake must find the address taken.
        """
        there = [one.door for one in self._open.values()]
        _share(there, True)
        try:
            yield
        finally:
            _share([*there, *opened], False)


def _share(doors: Sequence[Door], yes: bool) -> None:
    for door in doors:
        for one in door.sockets():
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, yes)


async def _shut(door: Door) -> None:
    """Close a door through which nobody has come."""
    door.withdraw()
    over = asyncio.Event()
    over.set()
    await door.run(over)
