"""Moving a caller out of the queue into a prompt of ours, from where the dialplan sends them back to their place."""

from __future__ import annotations

from collections.abc import Mapping

from textback.pbx.esl_actions import CONTEXT, Actions
from textback.pbx.esl_event import JsonEvent
from textback.pbx.patience import Patience
from textback.pbx.waiting import Waiting
from textback.pbx.watch import Watch

#: what nobody may put into a variable: it would end it, and begin another one
_ENDS = frozenset(";\r\n")
_NO_PLACE = "mod_fifo keeps nobody's place: nobody is moved out of a fifo; `whisper` offers a text where they wait"
_JUMPS = "has time-base-score=system, which keeps the place by itself: with cc_base_score as well, callers jump it"
_LAST = "has time-base-score=queue, and callers came back without cc_base_score, behind all others: set textback_score"


class Moves:
    """Transfers callers who wait."""

    def __init__(self, actions: Actions, watch: Watch, patience: Patience) -> None:
        self._actions = actions
        self._watch = watch
        self._patience = patience

    async def move_in_quiet(self, caller: Waiting, extension: str, variables: Mapping[str, str]) -> None:
        """Move the caller when no agent's phone rings for them, and see that they keep their place."""
        if caller.seat.ticket is None:
            self._actions.once.warn("fifo", _NO_PLACE)
            return
        while caller.waits():
            await self._watch.until(lambda: not (caller.waits() and caller.rings()), caller.uniqueid)
            if self._watch.is_over:
                return
            where = await self._prepare(caller, extension, variables)
            if where is None:
                return
            if not caller.rings():
                if await self._transfer(caller, where):
                    await self._look_at_place(caller)
                return

    async def move(self, caller: Waiting, extension: str, variables: Mapping[str, str]) -> None:
        """Move the caller at once."""
        where = await self._prepare(caller, extension, variables)
        if where is not None:
            await self._transfer(caller, where)

    async def _prepare(self, caller: Waiting, extension: str, variables: Mapping[str, str]) -> str | None:
        """Set the variables on the caller's leg, and say where to; None if the caller is not to be moved."""
        leg = await self._actions.leg(caller.uniqueid)
        if leg is None or not _waits(leg):
            return None
        here = leg.get("Caller-Context") or ""
        context = here if here.startswith(CONTEXT) else CONTEXT
        if not await self._actions.needs(extension, context):
            return None
        # The dialplan may know the queue by another name, by which it comes back to it.
        has_queue = bool(leg.get("variable_textback_queue") or leg.get("variable_TEXTBACK_QUEUE"))
        told = {name: value for name, value in variables.items() if not (has_queue and name == "TEXTBACK_QUEUE")}
        if any(mark in value for value in told.values() for mark in _ENDS):
            return None
        assigned = ";".join(f"{name}={value}" for name, value in told.items())
        if assigned and not await self._actions.do(f"uuid_setvar_multi {caller.uniqueid} {assigned}"):
            return None
        return f"{extension} XML {context}"

    async def _transfer(self, caller: Waiting, where: str) -> bool:
        # Meanwhile an agent may have answered: then they talk, and are left alone.
        return caller.waits() and await self._actions.do(f"uuid_transfer {caller.uniqueid} {where}")

    async def _look_at_place(self, caller: Waiting) -> None:
        """A queue with time-base-score=system counts from the caller's arrival, and keeps the place by itself.

        One with =queue counts from the join: the dialplan is to give the rest as cc_base_score. Never both.
        """
        leg, ours, begin = caller.channel, caller.uniqueid, self._patience.begin
        await self._watch.until(lambda: leg.prompt or not caller.is_here, ours, seconds=begin)
        await self._watch.until(lambda: leg.seat is not caller.seat and leg.seat or not caller.is_here, ours)
        if leg.seat is None or not caller.is_here or leg.seat.queue != caller.seat.queue:
            return
        queue, now = await self._actions.queue(caller.seat.queue), await self._actions.leg(ours)
        if queue is None or now is None:
            return
        by_system, has_base = queue.get("time_base_score") == "system", now.get("variable_cc_base_score") or "0"
        if by_system and has_base != "0":
            self._actions.once.warn("base", f"queue {caller.seat.queue} {_JUMPS}")
        elif not by_system and has_base == "0":
            self._actions.once.warn("base", f"queue {caller.seat.queue} {_LAST}")


def _waits(leg: JsonEvent) -> bool:
    """Whether the leg is in its dialplan, and not bridged: what the PBX says now is newer than its events."""
    return leg.get("Channel-State") == "CS_EXECUTE" and leg.get("Answer-State") != "hangup"
