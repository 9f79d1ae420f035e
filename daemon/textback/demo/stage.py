"""What a scripted caller is, and what a call needs to be played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textback.demo.channels import Channel, Phone
from textback.demo.queues import WaitingRoom
from textback.demo.switchboard import Switchboard

#: Lets that many seconds pass; tests pass one that takes no time.
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Stage:
    """The switchboard, the queues, the phones of the house, and a way to let time pass."""

    board: Switchboard
    room: WaitingRoom
    sleep: Sleep
    agents: tuple[Phone, ...]
    desks: tuple[Phone, ...]
    trunk: str = "PJSIP/trunk"

    def arrive(self, script: Script) -> Channel:
        """The script's caller comes in over the trunk."""
        who = (script.number, script.name)
        caller = self.board.caller_arrives(self.trunk, who, "from-trunk", script.did)
        caller.variables["FROM_DID"] = script.did
        return caller

    def whole_seconds(self, since: float) -> str:
        """The time since then as app_queue counts it: between whole seconds of the clock."""
        return str(int(self.board.clock()) - int(since))


@dataclass(frozen=True, slots=True)
class Script:
    """A caller: number and name as the trunk sends them ("" = not sent), the number dialled, what they do.

    ``at`` is when they begin, in seconds after the start of a round.
    """

    number: str
    name: str
    did: str
    steps: tuple[Step, ...]
    at: float = 0.0


#: One thing that a caller does, mostly one whole call.
Step = Callable[[Stage, Script], Awaitable[None]]


def pause(seconds: float) -> Step:
    """The caller does nothing for a while, between two calls."""

    async def step(stage: Stage, script: Script) -> None:
        await stage.sleep(seconds)

    return step


async def play(stage: Stage, script: Script) -> None:
    """The caller does everything in the script, one thing after another."""
    for step in script.steps:
        await step(stage, script)
