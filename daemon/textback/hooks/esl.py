"""Hooks over the outbound event socket, as FreeSWITCH asks for them: ``socket 127.0.0.1:8084 async full``."""

from __future__ import annotations

import asyncio
from functools import partial

from textback.hooks.esl_frames import LONGEST_BLOCK
from textback.hooks.esl_phone import EslPhone
from textback.hooks.esl_request import hear, request_of
from textback.hooks.esl_session import EslSession
from textback.hooks.request import Refused
from textback.hooks.server import HookServer


class Esl(HookServer):
    """The server of outbound event sockets; the channel variable ``textback_hook`` names the hook."""

    section = "esl"
    longest = LONGEST_BLOCK
    forged = "has control characters in its number"
    no_file = "the PBX cannot play %s: is the file there, in its folder of sounds and the caller's language?"

    async def _converse(self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await hear(reader, writer, self._patience.header)
        self._unsaid.pop(writer, None)
        if data.variable("current_application") not in ("", "socket"):
            # The dialplan lost its patience and went on: the caller was told otherwise, or waits in a queue again.
            raise Refused("late", "was answered too late: its call has gone on")
        session = EslSession(reader, writer, self._patience)
        session.is_async = data["Socket-Mode"] == "async"
        phone = EslPhone(session, data, partial(self._missing, peer))
        try:
            await self._answer(peer, request_of(data), phone)
            if not session.is_async and data.variable("socket_resume"):
                await session.execute("unset", "socket_resume")  # it is for async, and takes the call away otherwise
        finally:
            # Whatever happened: a connection that we leave open keeps the caller here.
            await session.leave()
