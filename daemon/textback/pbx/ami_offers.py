"""Carries out orders for callers who wait in the queues of one Asterisk: offers, and answers to the key."""

from __future__ import annotations

import asyncio
import re
from functools import partial

from textback.dialplans.keys import prompt
from textback.orders import MakeOffer, Order, TellAnswer
from textback.pbx import dialplan
from textback.pbx.ami_actions import Actions
from textback.pbx.ami_callers import Callers
from textback.pbx.ami_moves import Moves
from textback.pbx.ami_waiting import Waiting
from textback.pbx.ami_whispers import Whispers
from textback.pbx.patience import Patience
from textback.pbx.watch import Watch

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


class Offers:
    """One task for each caller whom an order is for, as long as the connection lasts; nothing is ever raised."""

    def __init__(self, actions: Actions, callers: Callers, patience: Patience = Patience()) -> None:
        self._actions = actions
        self._callers = callers
        self._patience = patience
        self._watch = Watch()
        callers.stir = self._watch.stir
        self._whispers = Whispers(actions, self._watch, patience)
        self._moves = Moves(actions, self._watch, patience)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._looking = asyncio.create_task(actions.look())

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
            self._actions.once.warn("fault", "an order could not be carried out", fault)

    async def _carry_out(self, order: Order, caller: Waiting, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait({before})
        if isinstance(order, TellAnswer):
            await self._tell(order, caller)
        elif isinstance(order, MakeOffer):
            await self._offer(order, caller)

    async def _offer(self, order: MakeOffer, caller: Waiting) -> None:
        if order.how == "whisper":
            await self._whispers.play(caller, prompt(order.key), _language(order))
        else:
            await self._moves.move_in_quiet(caller, dialplan.OFFER, _variables(order, caller))

    async def _tell(self, order: TellAnswer, caller: Waiting) -> None:
        """An exit context may have taken the caller meanwhile, and its hook tells them."""
        await asyncio.sleep(self._patience.before_telling)
        if not caller.waits():
            return
        if order.refused is None and not order.stays:
            await self._moves.move(caller, dialplan.CONFIRM, _variables(order, caller))
        elif not await self._whispers.play(caller, dialplan.told(order.refused), _language(order)):
            await self._moves.move_in_quiet(caller, dialplan.CONFIRM, _variables(order, caller))


def _language(order: Order) -> str | None:
    language = order.language
    return language if language and _LANGUAGE.fullmatch(language) else None


def _variables(order: Order, caller: Waiting) -> dict[str, str]:
    """What the dialplan is told; the place in the queue it learns from app_queue, at the moment of leaving."""
    variables = {"TEXTBACK_QUEUE": caller.seat.queue}
    if isinstance(order, TellAnswer):
        variables["TEXTBACK_RESULT"] = "refused" if order.refused else "texted"
        variables["TEXTBACK_REASON"] = order.refused or ""
        variables["TEXTBACK_AFTER"] = "stay" if order.stays or order.refused else "hangup"
    language = _language(order)
    return variables | ({"CHANNEL(language)": language} if language else {})
