"""A caller's line on FreeSWITCH: prompts, keys and variables by dialplan applications."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from textback.hooks.esl_request import Data
from textback.hooks.esl_session import EslSession
from textback.hooks.esl_status import status
from textback.hooks.phone import HungUp, NoPrompt
from textback.hooks.plain import plain
from textback.hooks.request import Variables

#: the variable in which FreeSWITCH leaves what was keyed in
_DIGITS = "textback_digits"
_RESPONSE = "current_application_response"
#: what no keypad has: where any key may be the one, none ends what is keyed in
_NO_TERMINATOR = "~"
#: what is played for keys that are too few, as FreeSWITCH wants something to play
_SILENCE = "silence_stream://1"
_ANY_KEY = "[0-9*#A-D]"
#: a file, or another kind of source, by its whole name; anything else lies in the folder of sounds
_WHOLE = re.compile(r"/|[a-z_]+://")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class EslPhone:
    """A ``Phone`` on one outbound event socket; ``on_missing`` hears of prompts that cannot be played."""

    def __init__(
        self, session: EslSession, data: Data, on_missing: Callable[[str], None] = lambda prompt: None
    ) -> None:
        self._session = session
        self._data = data
        self._on_missing = on_missing
        self._language = _language(data.variable("default_language"))
        self._sounds = data.variable("textback_sounds") or "${sounds_dir}"

    async def set(self, name: str, value: str) -> None:
        await self.set_all({name: value})

    async def set_all(self, variables: Variables) -> None:
        """After a hang-up there is no dialplan any more to read them, and FreeSWITCH sets none."""
        if variables and not self._session.is_over:
            pairs = "|".join(f"{name}={plain(value)}" for name, value in variables.items())
            with suppress(HungUp):
                await self._session.execute("multiset", f"^^|{pairs}")

    async def variable(self, name: str) -> str:
        return status(name, self._data)

    async def last_word(self, message: str) -> None:
        await self._session.execute("log", f"WARNING {plain(message)}")

    async def answer(self) -> None:
        await self._session.execute("answer")

    async def speak(self, language: str) -> None:
        self._language = _language(language)

    async def play(self, prompt: str) -> None:
        await self._session.execute("playback", self._file(prompt), beyond=0)
        await self._check(prompt)

    async def key(self, prompt: str, keys: str, wait: float) -> str | None:
        pressed = await self._keyed_in(prompt, 1, wait, _NO_TERMINATOR)
        return pressed if pressed and pressed in keys else None

    async def digits(self, prompt: str, wait: float, most: int) -> str:
        return await self._keyed_in(prompt, most, wait, "#")

    async def say_digits(self, digits: str) -> None:
        """By prompts of our own: what FreeSWITCH has to say numbers with, is not there in each language."""
        for digit in digits:
            await self.play(f"textback/digit-{digit}")

    async def _keyed_in(self, prompt: str, most: int, wait: float, terminators: str) -> str:
        milliseconds = round(wait * 1000)
        file = self._file(prompt)
        quoted = f"'{file}'" if " " in file else file  # a blank would be the end of the word
        words = (1, most, 1, milliseconds, terminators, quoted, _SILENCE, _DIGITS)
        argument = " ".join(map(str, (*words, f"^{_ANY_KEY}+$", milliseconds)))
        await self._session.execute("play_and_get_digits", argument, beyond=wait * (most + 1))
        keyed_in = await self._session.variable(_DIGITS)
        if not keyed_in and await self._session.variable("read_result") == "":
            await self._fail(prompt)
        return keyed_in

    async def _check(self, prompt: str) -> None:
        if await self._session.variable(_RESPONSE) != "FILE PLAYED":
            await self._fail(prompt)

    async def _fail(self, prompt: str) -> None:
        await self._session.check_line()
        self._on_missing(prompt)
        raise NoPrompt(prompt)

    def _file(self, prompt: str) -> str:
        """The sound file, in the language's own folder."""
        return prompt if _WHOLE.match(prompt) else f"{self._sounds}/{self._language}/{prompt}.wav"


def _language(tag: str) -> str:
    """The folder of a language: that of its first part, in small letters."""
    found = _LANGUAGE.match(tag.lower())
    return found[0] if found else "en"
