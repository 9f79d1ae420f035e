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
_JUMPS = "has time-base-score=system, which keeps the place by itself: with cc_base_score too, callers jump it"


class Moves:
    """Transfers callers who wait."""

    def __init__(self, actions: Actions, watch: Watch, patience: Patience) -> None:
        self._actions = actions
        self._watch = watch
        self._patience = patience

    async def move_in_quiet(self, caller: Waiting, extension: str, variables: Mapping[str, str]) -> None:
        """Move the caller when no agent's phone rings for them; who would lose the place is not moved."""
        if caller.seat.ticket is None:
            self._actions.once.warn("fifo", _NO_PLACE)
            return
        while caller.waits():
            await self._watch.until(lambda: not (caller.waits() and caller.rings()), caller.uniqueid)
            if self._watch.is_over or not await self._prepare(caller, extension, variables):
                return
            if not caller.rings():
                await self._transfer(caller, extension)
                return

    async def move(self, caller: Waiting, extension: str, variables: Mapping[str, str]) -> None:
        """Move the caller at once."""
        if await self._prepare(caller, extension, variables):
            await self._transfer(caller, extension)

    async def _prepare(self, caller: Waiting, extension: str, variables: Mapping[str, str]) -> bool:
        """Set the variables on the caller's leg; False if the caller is not to be moved."""
        if not await self._actions.needs(extension):
            return False
        leg = await self._actions.leg(caller.uniqueid)
        if leg is None or not _waits(leg):
            return False
        told = {**variables, **await self._place(caller, leg)}
        if any(mark in text for text in told.values() for mark in _ENDS):
            return False
        assigned = ";".join(f"{name}={value}" for name, value in told.items())
        return await self._actions.do(f"uuid_setvar_multi {caller.uniqueid} {assigned}") and caller.waits()

    async def _place(self, caller: Waiting, leg: JsonEvent) -> dict[str, str]:
        """What the dialplan needs to give the place back: since when they wait, where the queue does not know.

        A queue with time-base-score=system counts from the caller's arrival, so leaving and coming back changes
        nothing; one with =queue counts from the join, and is to be given the rest as cc_base_score. Never both.
        """
        queue = await self._actions.queue(caller.seat.queue) if caller.seat.ticket else None
        base = leg.get("variable_cc_base_score") or "0"
        if queue is not None and queue.get("time_base_score") == "system":
            if base not in ("", "0"):
                self._actions.once.warn("base", f"queue {caller.seat.queue} {_JUMPS}")
            return {"TEXTBACK_JOINED": ""}
        joined = leg.get("variable_cc_queue_joined_epoch") or ""
        if not joined.isdecimal() or not base.isdecimal():
            return {"TEXTBACK_JOINED": ""}
        return {"TEXTBACK_JOINED": str(int(joined) - int(base))}

    async def _transfer(self, caller: Waiting, extension: str) -> bool:
        # Between the question and this one, an agent may have answered: then they talk, and are left alone.
        return caller.waits() and await self._actions.do(
            f"uuid_transfer {caller.uniqueid} {extension} XML {CONTEXT}"
        )


def _waits(leg: JsonEvent) -> bool:
    """Whether the leg is in its dialplan, and not bridged: what the PBX says now is newer than its events."""
    return leg.get("Channel-State") == "CS_EXECUTE" and leg.get("Answer-State") != "hangup"
