"""Hooks by FastAGI, as Asterisk asks for them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from textback.hooks.agi_request import LONGEST_LINE, hear
from textback.hooks.agi_session import Session
from textback.hooks.server import HookServer


class Agi(HookServer):
    """The FastAGI server."""

    section = "agi"
    longest = LONGEST_LINE
    forged = "forged AGI lines"
    no_file = "the PBX cannot play %s: is the file there, in the caller's language and a format that Asterisk knows?"

    async def _converse(self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await hear(reader, self._patience.header)
        self._unsaid.pop(writer, None)
        session = Session(reader, writer, self._patience, partial(self._missing, peer))
        is_answered = await self._answer(peer, request, session)
        # Where lines were forged, replies that are none may be on their way still.
        if not is_answered or request.caller.tampered:
            await self._part(reader, writer)

    async def _part(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let the other side close, too: to close on what is not read yet resets, and our last words are lost."""
        writer.write_eof()
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(self._patience.goodbye):
                while await reader.read(LONGEST_LINE):
                    continue
