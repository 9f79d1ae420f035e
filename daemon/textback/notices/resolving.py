"""Looks up the names of webhooks, and lets nobody be posted to who is inside; what was looked at is connected to."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from textback.inside import Network, may_be_reached


class Inside(OSError):
    """A name leads inside, with any of its addresses."""


class OutsideOnly(AbstractResolver):
    """Gives the addresses of a name, if each of them may be reached; aiohttp connects to just these.

    ``lookup`` is for tests.
    """

    def __init__(self, allowed: tuple[Network, ...], lookup: AbstractResolver | None = None) -> None:
        self._allowed = allowed
        self._lookup = lookup or ThreadedResolver()

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
