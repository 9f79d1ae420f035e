"""Carries out orders for callers who wait in the queues of one PBX: offers, and answers to the key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Coroutine, Protocol

from textback.orders import MakeOffer, Order, TellAnswer
from textback.pbx.callers import Callers
from textback.pbx.once import Once
from textback.pbx.patience import Patience
from textback.pbx.waiting import Waiting
from textback.pbx.watch import Watch


class Crew(Protocol):
    """What a PBX of a kind can do for a caller who waits; it ends with the caller's wait, and when cancelled."""

    async def whisper(self, order: Order, caller: Waiting) -> bool:
        """Play what is ordered where the caller waits; False if it could not begin."""

    async def move_in_quiet(self, order: Order, caller: Waiting) -> None:
        """Move the caller to the prompt when no agent's phone rings for them, and see that they keep their place."""

    async def move(self, order: Order, caller: Waiting) -> None:
        """Move the caller to the prompt at once."""


class Offers:
    """One task for each caller whom an order is for, as long as the connection lasts; nothing is ever raised.

    ``look``: what is to be done once at the beginning.
    """

    def __init__(
        self,
        crew: Crew,
        callers: Callers,
        watch: Watch,
        once: Once,
        look: Callable[[], Coroutine[Any, Any, None]],
        patience: Patience = Patience(),
    ) -> None:
        self._crew = crew
        self._callers = callers
        self._watch = watch
        self._once = once
        self._patience = patience
        callers.stir = watch.stir
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._looking = asyncio.create_task(look())

    def __len__(self) -> int:
        return len(self._tasks)

    def take(self, order: Order) -> None:
        """Begin to carry out an order; never waits. Who left, or talks, is not meant any more."""
        uniqueid = order.call_id.partition("/")[2]
        caller = Waiting.at(self._callers, uniqueid)
        before = self._tasks.get(uniqueid)
        if caller is None or (before and isinstance(order, MakeOffer)):
            return
        if before:  # who has pressed the key need not hear the offer to its end
            before.cancel()
        task = asyncio.create_task(self._carry_out(order, caller, before))
        self._tasks[uniqueid] = task
        task.add_done_callback(partial(self._done, uniqueid))

    async def close(self) -> None:
        """The connection is over, and with it all that was begun."""
        self._watch.close()
        tasks = [self._looking, *self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, uniqueid: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(uniqueid) is task:
            del self._tasks[uniqueid]
        fault = None if task.cancelled() else task.exception()
        if fault:
            self._once.warn("fault", "an order could not be carried out", fault)

    async def _carry_out(self, order: Order, caller: Waiting, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait({before})
        if isinstance(order, TellAnswer):
            await self._tell(order, caller)
        elif isinstance(order, MakeOffer) and order.how == "whisper":
            await self._crew.whisper(order, caller)
        else:
            await self._crew.move_in_quiet(order, caller)

    async def _tell(self, order: TellAnswer, caller: Waiting) -> None:
        """The dialplan may have taken the caller meanwhile, by an exit key, and its hook tells them."""
        await asyncio.sleep(self._patience.before_telling)
        if not caller.waits():
            return
        if order.refused is None and not order.stays:
            await self._crew.move(order, caller)
        elif not await self._crew.whisper(order, caller):
            await self._crew.move_in_quiet(order, caller)
