"""The conversation over an outbound event socket: commands, one at a time, their replies, and when what plays ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import uuid4

from textback.hooks import esl_frames
from textback.hooks.esl_frames import Frame, decoded
from textback.hooks.patience import Patience
from textback.hooks.phone import HungUp, PhoneError
from textback.hooks.request import Refused

#: what FreeSWITCH answers where there is nothing to answer: a variable that is not set, above all
_NOTHING = "-ERR command not found"
#: seconds that FreeSWITCH keeps the connection after a hang-up if we do not close it, as we always do
LINGER = 10


class EslSession:
    """One connection. ``is_async``: an application is answered when it begins, and its end is an event.

    Where FreeSWITCH waits for the end of an application before it reads on (no ``async`` in the dialplan), the reply
    itself is the end, and there are no events.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: Patience = Patience()
    ) -> None:
        self.is_async = False
        #: the caller hung up, or FreeSWITCH says good-bye
        self.is_over = False
        self._reader = reader
        self._writer = writer
        self._patience = patience
        self._listens = False
        #: FreeSWITCH was seen to run something for us
        self._is_heard = False

    async def command(self, *lines: str, limit: float | None = None) -> Frame:
        """The reply to a command, waited for ``limit`` seconds. Raises ``HungUp`` or ``PhoneError``."""
        verb = lines[0].split(" ")[0]
        try:
            async with asyncio.timeout(self._patience.command if limit is None else limit):
                await self._send(*lines)
                return await self._reply()
        except TimeoutError:
            raise PhoneError(f"no reply to {verb} within {limit or self._patience.command:g} s") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            self.is_over = True
            raise HungUp(connected=False) from None
        except Refused as refused:
            raise PhoneError(f"{refused}, as the reply to {verb}") from None

    async def execute(self, application: str, argument: str = "", beyond: float | None = None) -> None:
        """Run a dialplan application to its end, waited for ``beyond`` seconds more than for a prompt, if one plays.

        Raises ``HungUp`` once the caller is gone, else ``PhoneError``.
        """
        limit = self._patience.command if beyond is None else self._patience.playing + beyond
        await self._listen()
        uuid = str(uuid4())
        arguments = [f"execute-app-arg: {argument}"] if argument else []
        said = ("sendmsg", "call-command: execute", f"execute-app-name: {application}", *arguments)
        reply = await self.command(*said, f"Event-UUID: {uuid}", limit=limit)
        if not reply.headers.get("Reply-Text", "").startswith("+OK") and not self.is_over:
            raise PhoneError(f"{application} was refused")
        if self.is_async and not self.is_over:
            await self._ended(application, uuid, limit)
        if self.is_over:
            raise HungUp(connected=True)
        self._is_heard = True

    async def variable(self, name: str) -> str:
        """The value of a channel variable that no caller chooses, '' if it is not set."""
        told = (await self.command(f"getvar {name}")).headers.get("Reply-Text", "")
        return "" if told == _NOTHING else told

    async def check_line(self) -> None:
        """A hang-up only shortens what plays, if there are no events: raises ``HungUp`` if there was one."""
        channel = await self.command("connect")
        if self.is_over or channel.headers.get("Answer-State") == "hangup":
            self.is_over = True
            raise HungUp(connected=True)

    async def leave(self) -> None:
        """Give the call back to the dialplan: FreeSWITCH closes, and if it does not, we do.

        With ``async``, FreeSWITCH 1.11.2 keeps a call for ever whose socket closes before it has begun to wait for
        commands: that has begun once it was seen to run one.
        """
        with suppress(HungUp, PhoneError):
            if self.is_async and not self._is_heard and not self.is_over:
                await self.execute("set", "textback_hook_is_over=true")
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(self._patience.goodbye):
                await self._send("exit")
                while await self._reader.read(esl_frames.LONGEST_BODY):
                    continue

    async def _listen(self) -> None:
        """Before the first application whose end matters: be told of it, and of a hang-up, before the end."""
        if self._listens:
            return
        self._listens = True
        await self.command(f"linger {LINGER}")
        if self.is_async:
            await self.command("myevents plain")

    async def _ended(self, application: str, uuid: str, limit: float) -> None:
        try:
            async with asyncio.timeout(limit):
                while not self.is_over:
                    frame = await esl_frames.read(self._reader)
                    self._note(frame)
                    if _is_end(frame, uuid):
                        return
        except TimeoutError:
            raise PhoneError(f"no end of {application} within {limit:g} s") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            self.is_over = True
            raise HungUp(connected=False) from None
        except Refused as refused:
            raise PhoneError(f"{refused}, in the middle of {application}") from None

    async def _send(self, *lines: str) -> None:
        # A line feed in a line would be a header of its own, and two the end of the command.
        said = "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines)
        self._writer.write(f"{said}\n\n".encode("utf-8", "replace"))
        await self._writer.drain()

    async def _reply(self) -> Frame:
        """The next reply; events and notices that come before it are noted."""
        while True:
            frame = await esl_frames.read(self._reader)
            if frame.kind in (esl_frames.REPLY, esl_frames.API):
                return frame
            self._note(frame)

    def _note(self, frame: Frame) -> None:
        hung_up = frame.kind == esl_frames.EVENT and frame.event().get("Event-Name") == "CHANNEL_HANGUP"
        if hung_up or frame.kind == esl_frames.DISCONNECT:
            self.is_over = True


def _is_end(frame: Frame, uuid: str) -> bool:
    if frame.kind != esl_frames.EVENT:
        return False
    event = frame.event()
    return event.get("Event-Name") == "CHANNEL_EXECUTE_COMPLETE" and decoded(event.get("Application-UUID", "")) == uuid
