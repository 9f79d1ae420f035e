"""Moving a caller out of the queue into a prompt of ours, from where the dialplan sends them back to their place."""

from __future__ import annotations

from collections.abc import Mapping

from textback.pbx.ami_actions import Actions
from textback.pbx.waiting import Waiting
from textback.pbx.patience import Patience
from textback.pbx.watch import Watch


_GIVE_PLACE = "Queue() must be given TEXTBACK_POSITION, as its 9th argument, up to Asterisk 20 as the 10th"


class Moves:
    """Redirects callers who wait."""

    def __init__(self, actions: Actions, watch: Watch, patience: Patience) -> None:
        self._actions = actions
        self._watch = watch
        self._patience = patience

    async def move_in_quiet(self, caller: Waiting, context: str, variables: Mapping[str, str]) -> None:
        """Move the caller when no agent's phone rings for them, and see that they keep their place."""
        while caller.waits():
            await self._watch.until(lambda: not (caller.waits() and caller.rings()), caller.uniqueid)
            if self._watch.is_over:
                return
            if not await self._prepare(caller, context, variables):
                return
            if not caller.rings():
                if await self._redirect(caller, context):
                    await self._look_at_place(caller)
                return

    async def move(self, caller: Waiting, context: str, variables: Mapping[str, str]) -> None:
        """Move the caller at once."""
        if await self._prepare(caller, context, variables):
            await self._redirect(caller, context)

    async def _prepare(self, caller: Waiting, context: str, variables: Mapping[str, str]) -> bool:
        """Set the variables on the caller's channel; False if the caller is not to be moved."""
        if not await self._actions.needs(context):
            return False
        for name, value in variables.items():
            setvar = {"Action": "Setvar", "Channel": caller.channel.name, "Variable": name, "Value": value}
            if not await self._actions.do(setvar):
                return False
        # A redirect would tear them out of a talk: what the PBX says now is newer than what its events have said.
        row = await self._actions.channel(caller.channel.name)
        is_in_queue = row is not None and row.get("Application") == "Queue" and not row.get("BridgeID")
        return is_in_queue and caller.waits()

    async def _redirect(self, caller: Waiting, context: str) -> bool:
        channel = caller.channel
        channel.moved = True
        redirect = {"Action": "Redirect", "Channel": channel.name, "Context": context, "Exten": "s", "Priority": "1"}
        if await self._actions.do(redirect):
            return True
        channel.moved = False
        return False

    async def _look_at_place(self, caller: Waiting) -> None:
        """The dialplan asks for the place that the caller had; where it does not, they stand behind all others."""
        channel, ours, begin = caller.channel, caller.uniqueid, self._patience.begin
        await self._watch.until(lambda: channel.prompt or not caller.is_here, ours, seconds=begin)
        left = channel.prompt
        channel.moved = left is not None
        await self._watch.until(lambda: channel.prompt is not left or not caller.is_here, ours)
        seat = channel.seat
        if not left or not seat or seat.queue != left.queue or not seat.position or not left.position:
            return
        if seat.position > left.position:
            places = f"at place {left.position} for a prompt, and is back at {seat.position}"
            self._actions.once.warn("place", f"a caller left queue {seat.queue} {places}: {_GIVE_PLACE}")
