"""The AGI conversation after its beginning: commands to Asterisk, one at a time, and their replies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from textback.hooks.patience import Patience
from textback.hooks.phone import HungUp, NoPrompt, PhoneError
from textback.hooks.plain import plain
from textback.hooks.request import Variables

#: bytes of one reply, usage of a command included; the longest seen is 1 kB
LONGEST_REPLY = 64 * 1024

_REPLY = re.compile(r"([0-9]{3})(-|(?: |$))(.*)", re.DOTALL)
_RESULT = re.compile(r"result=(\S*)(?: \((.*)\))?(?: endpos=([0-9]+))?", re.DOTALL)
_TRYING, _OK, _DEAD = "100", "200", "511"


@dataclass(frozen=True, slots=True)
class Reply:
    """``200 result=RESULT (DATA) endpos=ENDPOS``; for other codes there is only that."""

    code: str
    result: str = ""
    data: str | None = None
    endpos: int | None = None


class Session:
    """A ``Phone`` by AGI; ``on_missing`` hears of sound files that are not there."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        patience: Patience = Patience(),
        on_missing: Callable[[str], None] = lambda prompt: None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience
        self._on_missing = on_missing

    async def command(self, command: str, beyond: float | None = None) -> Reply:
        """The reply to a command, waited for ``beyond`` seconds more than for a prompt, if one plays.

        Raises ``HungUp`` or ``PhoneError``. Asterisk tells of a hang-up by a line of its own, before or after a reply,
        once, twice or never: it is skipped, since the reply itself tells, or the end of the connection.
        """
        limit = self._patience.command if beyond is None else self._patience.playing + beyond
        try:
            async with asyncio.timeout(limit):
                self._writer.write(f"{command}\n".encode())
                await self._writer.drain()
                reply = await self._reply()
        except TimeoutError:
            raise PhoneError(f"no reply to {_verb(command)} within {limit:g} s") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise HungUp(connected=False) from None
        except asyncio.LimitOverrunError:
            raise PhoneError(f"an endless line as the reply to {_verb(command)}") from None
        if reply.code == _DEAD:
            raise HungUp(connected=True)
        if reply.code != _OK:
            raise PhoneError(f"{_verb(command)} was answered by {reply.code}")
        return reply

    async def _reply(self) -> Reply:
        read = 0
        while read < LONGEST_REPLY:
            line = await self._reader.readuntil(b"\n")
            read += len(line)
            found = _REPLY.match(line.decode("utf-8", "replace").rstrip("\r\n"))
            if found and found[1] != _TRYING:
                await self._skip_usage(found)
                result = _RESULT.match(found[3]) if found[1] == _OK else None
                return _read(found[1], result)
        raise PhoneError("an endless reply")

    async def _skip_usage(self, first: re.Match[str]) -> None:
        """``520-Invalid command syntax.`` goes on for lines, up to ``520 End of proper usage.``"""
        read = 0
        end = f"{first[1]} ".encode()
        line = b"" if first[2] == "-" else end
        while not line.startswith(end):
            line = await self._reader.readuntil(b"\n")
            read += len(line)
            if read > LONGEST_REPLY:
                raise PhoneError("an endless reply")

    async def set(self, name: str, value: str) -> None:
        await self.command(f"SET VARIABLE {name} {quoted(plain(value))}")

    async def set_all(self, variables: Variables) -> None:
        for name, value in variables.items():
            await self.set(name, value)

    async def variable(self, name: str) -> str:
        return (await self.command(f"GET VARIABLE {name}")).data or ""

    async def last_word(self, message: str) -> None:
        """A line on Asterisk's console, whose reply nobody waits for."""
        self._writer.write(f"VERBOSE {quoted(plain(message))} 1\n".encode())

    async def answer(self) -> None:
        if (await self.command("ANSWER")).result == "-1":
            raise HungUp(connected=True)

    async def speak(self, language: str) -> None:
        await self.set("CHANNEL(language)", language)

    async def play(self, prompt: str) -> None:
        reply = await self.command(f'STREAM FILE {quoted(prompt)} ""', beyond=0)
        await self._check(reply, prompt)

    async def key(self, prompt: str, keys: str, wait: float) -> str | None:
        command = f"GET OPTION {quoted(prompt)} {quoted(keys)} {_milliseconds(wait)}"
        reply = await self.command(command, beyond=wait)
        await self._check(reply, prompt)
        pressed = chr(int(reply.result)) if re.fullmatch("[0-9]{2}", reply.result) else ""
        return pressed if pressed and pressed in keys else None

    async def digits(self, prompt: str, wait: float, most: int) -> str:
        command = f"GET DATA {quoted(prompt)} {_milliseconds(wait)} {most}"
        reply = await self.command(command, beyond=wait * (most + 1))
        await self._check(reply, prompt)
        return reply.result

    async def say_digits(self, digits: str) -> None:
        reply = await self.command(f'SAY DIGITS {digits} ""', beyond=0)
        if reply.result == "-1":
            raise HungUp(connected=True)

    async def _check(self, reply: Reply, prompt: str) -> None:
        """-1 stands for a hang-up, and for a file that is not there: then a live channel has a status."""
        if reply.result != "-1":
            return
        if reply.endpos:
            raise HungUp(connected=True)
        await self.command("CHANNEL STATUS")
        self._on_missing(prompt)
        raise NoPrompt(prompt)


def quoted(word: str) -> str:
    """``word`` as one argument of a command, as ``parse_args`` in Asterisk's res/res_agi.c reads it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(c if c.isprintable() else " " for c in escaped)}"'


def _read(code: str, result: re.Match[str] | None) -> Reply:
    if result is None:
        return Reply(code)
    return Reply(code, result[1], result[2], int(result[3]) if result[3] else None)


def _verb(command: str) -> str:
    """The command without what it is about, which may be a number."""
    return " ".join(word for word in command.split()[:2] if word.isupper())


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
