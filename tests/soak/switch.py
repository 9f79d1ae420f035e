"""A simulated PBX that can die, or go down in order, with callers on the line, and talk nonsense in between."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.soak.queue_log import QueueLogWriter
from tests.soak.visits import ABANDONED, ANSWERED, LOST, MISSED, UNREACHED, Acts, Ask, Caller, Visit
from textback.demo.simulator import Simulator
from textback.demo.stage import Script, Stage

DID = "12025550100"

#: what an AMI session may carry and no Asterisk should have sent, each a block of its own
JUNK = (
    b"\r\n\r\n",
    b"Event: Hangup\r\nPrivilege: call,all\r\n\r\n",
    b"Event: Newchannel\r\nUniqueid: 1.1\r\n\r\n",
    b"Event: Hangup\r\nUniqueid: \xff\xfe\x00\r\nChannel: ?\r\n\r\n",
    b"Event: QueueCallerJoin\r\nQueue: nowhere\r\nUniqueid: 9.9\r\n\r\n",
    b"Event: NeverHeardOf\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
    b"Response: Success\r\nActionID: nobody-asked\r\nMessage: hello\r\n\r\n",
)


class Switch:
    """One PBX, on and off; ``on_visit`` hears of each call when it arrives."""

    def __init__(self, name: str, folder: Path, ask: Ask, on_visit: Callable[[Visit], None], has_log: bool) -> None:
        self.name = name
        self.port = 0
        self.is_on = False
        self.log = QueueLogWriter(folder / f"queue_log.{name}") if has_log else None
        self.trouble: list[str] = []
        self._ask, self._on_visit = ask, on_visit
        self._playing: dict[asyncio.Task[None], Caller] = {}
        self._simulator: Simulator | None = None

    async def start(self) -> None:
        """From now on it takes calls, and clients, on a port of its own."""
        self._simulator = Simulator(callers=(), queues=("support", "sales"))
        if self.log is not None:
            self._simulator.stage.board.listeners.append(self.log.take)
        self.port = await self._simulator.start()
        self.is_on = True

    def call(self, number: str, name: str, kind: str, acts: Acts) -> None:
        """Somebody begins to call."""
        assert self._simulator is not None
        caller = Caller(number, name, kind, acts, self.name, self._ask, self._on_visit)
        script = Script(number, name, DID, ())
        task = asyncio.create_task(caller.play(self._simulator.stage, script, asyncio.sleep))
        self._playing[task] = caller
        task.add_done_callback(self._played)

    @property
    def on_the_line(self) -> int:
        """How many callers there are, those between two calls included."""
        return len(self._playing)

    async def crash(self) -> None:
        """It dies: nobody is told anything, not even its own records."""
        await self._forget_all(lambda visit: "crash")
        await self._off()

    async def shut_down(self) -> None:
        """It hangs up on everybody, and says so, before it goes."""
        if self._simulator is None:
            return
        stage = self._simulator.stage
        await self._forget_all(lambda visit: _true_now(visit, stage))
        for queue in stage.room.queues.values():
            for place in list(queue.waiting):
                stage.room.abandon(place, queue)
                stage.room.leave(place, queue)
        for channel in list(stage.board.channels.values()):
            stage.board.leave_bridge(channel)
            stage.board.gone(channel, 16)
        await asyncio.sleep(0.2)  # what was said is on its way
        await self._off()

    async def talk_nonsense(self, chance: random.Random, longest: int = 200_000) -> None:
        """Say to every client what no PBX should."""
        if self._simulator is None:
            return
        junk = [*JUNK, b"Event: Endless\r\nX: " + b"A" * longest + b"\r\n\r\n"]
        for _ in range(5):
            block = chance.choice(junk)
            for session in self._simulator._sessions:
                session.hear("call", block)
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """The end of the run: callers who are still there are forgotten."""
        await self.crash()

    async def _forget_all(self, why: Callable[[Visit], str]) -> None:
        """Nobody does anything any more; their calls end as ``why`` says."""
        self.is_on = False
        tasks, now = list(self._playing), time.time()
        for task, caller in list(self._playing.items()):
            if caller.visit is not None:
                caller.visit.cut = why(caller.visit)
                caller.visit.over(now)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _off(self) -> None:
        simulator, self._simulator = self._simulator, None
        if simulator is not None:
            await simulator.stop()

    def _played(self, task: asyncio.Task[None]) -> None:
        caller = self._playing.pop(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self.trouble.append(f"the simulator failed with {caller.kind}: {fault!r}")
            if caller.visit is not None:
                caller.visit.cut = "crash"
                caller.visit.over(time.time())


#: what a call that the PBX ends in order becomes, by what was true for the caller
CUT = {"crash": LOST, "waiting": ABANDONED, "talking": ANSWERED, "ringing": MISSED, "menu": UNREACHED}


def _true_now(visit: Visit, stage: Stage) -> str:
    """What is true for a caller, as the PBX itself knows it."""
    board, room = stage.board, stage.room
    channel = board.channels.get(visit.id.partition("/")[2])
    if channel is None:
        return "crash"
    if any(place.channel is channel for queue in room.queues.values() for place in queue.waiting):
        return "waiting"
    if channel.bridge is not None:
        return "talking"
    legs = [each for each in board.channels.values() if each.linkedid == channel.uniqueid and each is not channel]
    return "ringing" if legs else "menu"
