"""What a hook can do on a caller's line, whichever kind of PBX carries it."""

from __future__ import annotations

from typing import Protocol

from textback.hooks.request import Variables


class HungUp(Exception):
    """The caller is gone; ``connected``: the PBX still listens, so that variables can be set."""

    def __init__(self, connected: bool) -> None:
        super().__init__("the caller hung up" if connected else "the PBX closed the connection")
        self.connected = connected


class PhoneError(Exception):
    """The PBX does not answer as it should: the conversation cannot go on."""


class NoPrompt(Exception):
    """The PBX has no such sound file."""


class Phone(Protocol):
    """The caller's line. All of them raise ``HungUp`` or ``PhoneError``, what plays ``NoPrompt``; times in seconds."""

    async def set(self, name: str, value: str) -> None:
        """Set a channel variable; works after a hang-up, too."""

    async def set_all(self, variables: Variables) -> None:
        """Set several of them, at as little cost as the PBX allows."""

    async def variable(self, name: str) -> str:
        """The value of a channel variable, '' if it is not set."""

    async def answer(self) -> None:
        """Take the call, if nobody has."""

    async def speak(self, language: str) -> None:
        """The language of the prompts from here on."""

    async def play(self, prompt: str) -> None:
        """Play a prompt to its end."""

    async def key(self, prompt: str, keys: str, wait: float) -> str | None:
        """The one of ``keys`` pressed in a prompt or within ``wait`` after it; None if another one was, or none."""

    async def digits(self, prompt: str, wait: float, most: int) -> str:
        """The digits keyed in during and after a prompt, up to #, or ``wait`` after the last one."""

    async def say_digits(self, digits: str) -> None:
        """Read digits out one by one."""
