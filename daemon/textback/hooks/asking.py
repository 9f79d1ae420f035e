"""The desk as the hooks see it: it answers in time, or not at all, and texts nobody who forged lines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from textback.hooks.desk import About, After, Answer, Caller, Desk, Offer
from textback.hooks.patience import Patience

#: the reason code of a number that is none
BAD_NUMBER = "bad_number"
#: what TEXTBACK_REASON says where the desk did not answer: it took too long, or went wrong
TIMEOUT, FAULT = "timeout", "fault"

T = TypeVar("T")


class DeskFault(Exception):
    """The desk did not answer; ``reason``: ``timeout`` or ``fault``, for TEXTBACK_REASON."""

    def __init__(self, asked: str, reason: str) -> None:
        super().__init__(f"{asked}: {reason}")
        self.asked = asked
        self.reason = reason


class PatientDesk:
    """A ``Desk`` with time limits: each of its answers may be a ``DeskFault``, which ``on_fault`` hears of, too."""

    def __init__(self, desk: Desk, patience: Patience, on_fault: Callable[[DeskFault], None]) -> None:
        self._desk = desk
        self._patience = patience
        self._on_fault = on_fault

    async def may_offer(self, caller: Caller) -> Offer:
        if caller.tampered:
            return Offer(False, BAD_NUMBER)
        return await self._within(self._patience.ask, "may_offer", self._desk.may_offer(caller))

    async def call_to_text(self, caller: Caller, number: str | None = None) -> Answer:
        if caller.tampered:
            return Answer("refused", BAD_NUMBER)
        return await self._within(self._patience.text, "call_to_text", self._desk.call_to_text(caller, number))

    async def no_answer(self, caller: Caller, why: str) -> None:
        await self._within(self._patience.ask, "no_answer", self._desk.no_answer(caller, why))

    async def handled(self, caller: Caller) -> None:
        await self._within(self._patience.ask, "handled", self._desk.handled(caller))

    async def is_open(self, caller: Caller) -> bool:
        return await self._within(self._patience.ask, "is_open", self._desk.is_open(caller))

    async def about(self, caller: Caller) -> About:
        return await self._within(self._patience.ask, "about", self._desk.about(caller))

    async def after_text(self, caller: Caller) -> After:
        """Never fails: who was texted and whose practice cannot be asked stays on the line."""
        try:
            return await self._within(self._patience.ask, "after_text", self._desk.after_text(caller))
        except DeskFault:
            return "stay"

    async def _within(self, limit: float, asked: str, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(limit):
                return await answer
        except TimeoutError as error:
            raise self._fault(asked, TIMEOUT, error) from error
        except asyncio.CancelledError as error:  # of something that the desk waited for, or of this hook
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            raise self._fault(asked, FAULT, error) from error
        except Exception as error:  # whatever it is, the call goes on
            raise self._fault(asked, FAULT, error) from error

    def _fault(self, asked: str, reason: str, error: BaseException) -> DeskFault:
        fault = DeskFault(asked, reason)
        fault.__cause__ = error
        self._on_fault(fault)
        return fault
