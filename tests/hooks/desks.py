"""A desk in memory that answers what a test wants, and what it takes to talk to it over a real socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.hooks.fake_asterisk import FakeCall, environment
from tests.hooks.fake_freeswitch import FakeChannel
from textback.hooks.agi import Agi
from textback.hooks.desk import About, After, Answer, Caller, Offer
from textback.hooks.esl import Esl
from textback.hooks.patience import Patience
from textback.hooks.server import HookServer

T = TypeVar("T")

#: short for a desk that does not answer at all; the other side has the usual times
HASTY = Patience(ask=0.05, text=0.05)


@dataclass
class FakeDesk:
    """Answers; ``fails`` is raised by everything, ``hangs`` names what never answers."""

    offers: Offer = Offer(True)
    answers: list[Answer] = field(default_factory=lambda: [Answer("texted")])
    open: bool = True
    knows: bool = True
    known: About = About()
    after: After = "hangup"
    fails: BaseException | None = None
    hangs: str = ""
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def _asked(self, what: str, caller: Caller, *more: Any) -> None:
        self.asked.append((what, caller, *more))
        if self.fails is not None:
            raise self.fails
        if what == self.hangs:
            await asyncio.Event().wait()

    async def may_offer(self, caller: Caller) -> Offer:
        await self._asked("may_offer", caller)
        return self.offers

    async def call_to_text(self, caller: Caller, number: str | None = None) -> Answer:
        await self._asked("call_to_text", caller, number)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def no_answer(self, caller: Caller, why: str) -> bool:
        await self._asked("no_answer", caller, why)
        return self.knows

    async def handled(self, caller: Caller) -> bool:
        await self._asked("handled", caller)
        return self.knows

    async def is_open(self, caller: Caller) -> bool:
        await self._asked("is_open", caller)
        return self.open

    async def about(self, caller: Caller) -> About:
        await self._asked("about", caller)
        return self.known

    async def after_text(self, caller: Caller) -> After:
        await self._asked("after_text", caller)
        return self.after

    @property
    def asked_for(self) -> list[tuple[Any, ...]]:
        """What was asked, without who calls."""
        return [(what, *more) for what, _, *more in self.asked]


@asynccontextmanager
async def serving(server: HookServer) -> AsyncIterator[HookServer]:
    """The server on a port of its own."""
    await server.listen("127.0.0.1", 0)
    stop = asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    try:
        yield server
    finally:
        stop.set()
        await running


@asynccontextmanager
async def listening(desk: FakeDesk, patience: Patience = Patience(), **more: Any) -> AsyncIterator[Agi]:
    """The server of FastAGI."""
    agi = Agi(desk, patience=patience, log=logging.getLogger("textback.hooks"), **more)
    async with serving(agi):
        yield agi


@asynccontextmanager
async def listening_esl(desk: FakeDesk, patience: Patience = Patience(), **more: Any) -> AsyncIterator[Esl]:
    """The server of outbound event sockets."""
    esl = Esl(desk, patience=patience, log=logging.getLogger("textback.hooks"), **more)
    async with serving(esl):
        yield esl


def called(desk: FakeDesk, script: str, patience: Patience = Patience(), **more: Any) -> FakeCall:
    """A call whose dialplan asks for ``script``, when it is over."""
    args = more.pop("args", ())
    return talked(desk, FakeCall(environment(script, args), **more), patience)


def called_esl(desk: FakeDesk, hook: str, patience: Patience = Patience(), **more: Any) -> FakeChannel:
    """The same on a FreeSWITCH."""
    return with_esl(desk, lambda esl: FakeChannel(hook, **more).run(esl.port), patience)


def talked(desk: FakeDesk, call: FakeCall, patience: Patience = Patience()) -> FakeCall:
    """The call when it is over."""
    return with_server(desk, lambda agi: call.run(agi.port), patience)


def with_server(desk: FakeDesk, story: Callable[[Agi], Awaitable[T]], patience: Patience = Patience()) -> T:
    """What the story ends with."""

    async def run() -> T:
        async with listening(desk, patience) as agi:
            return await story(agi)

    return asyncio.run(run())


def with_esl(desk: FakeDesk, story: Callable[[Esl], Awaitable[T]], patience: Patience = Patience()) -> T:
    """The same on a FreeSWITCH."""

    async def run() -> T:
        async with listening_esl(desk, patience) as esl:
            return await story(esl)

    return asyncio.run(run())
