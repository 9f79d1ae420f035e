"""Looks up the names of webhooks, and lets nobody be posted to who is inside; what was looked at is connected to."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from textback.inside import Network, may_be_reached


class Inside(OSError):
    """A name leads inside, with any of its addresses."""


class OwnThreads(AbstractResolver):
    """Asks in threads of its own: a name server that hangs holds up nobody else's names, such as the provider's."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "textback-webhook-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses; raises ``OSError`` where there are none."""
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._pool, ask)
        return [
            ResolveResult(
                hostname=host, host=str(to[0]), port=port, family=of, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for of, _, proto, _, to in found
        ]

    async def close(self) -> None:
        """Each post is done with it and the next one uses it again."""


class OutsideOnly(AbstractResolver):
    """Gives the addresses of a name, as ``lookup`` knows them, if each of them may be reached.

    aiohttp connects to just these.
    """

    def __init__(self, allowed: tuple[Network, ...], lookup: AbstractResolver) -> None:
        self._allowed, self._lookup = allowed, lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses; raises ``Inside``, or ``OSError`` where there are none."""
        found = await self._lookup.resolve(host, port, family)
        for one in found:
            if not may_be_reached(ip_address(one["host"].partition("%")[0]), self._allowed):
                raise Inside("its name leads inside")
        return found

    async def close(self) -> None:
        """Nothing is kept."""
        await self._lookup.close()
