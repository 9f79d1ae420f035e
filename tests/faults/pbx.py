"""The demo's PBX in a thread of its own, that outlives the daemon, and writes its queue_log as Asterisk does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from textback.demo.blocks import read_action
from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script

_START_LIMIT = 10.0
DID = "12025550100"


class Pbx:
    """One PBX with the queue ``support``; ``clock`` is its own."""

    def __init__(self, name: str, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self.port = 0
        self.queue_log = folder / f"queue_log.{name}"
        self.queue_log.touch()
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._listens = threading.Event()
        self._simulator = Simulator(clock=clock, callers=())
        self._simulator.stage.board.listeners.append(lambda privilege, block: self._record(block))
        self._thread = threading.Thread(target=self._run, name=f"pbx-{name}", daemon=True)

    def __enter__(self) -> Pbx:
        self._thread.start()
        assert self._listens.wait(_START_LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_LIMIT)

    def call(self, number: str, hold: float) -> Future[None]:
        """Somebody calls, waits ``hold`` seconds and hangs up; the future is done then."""
        script = Script(number, "", DID, (waits_and_gives_up(hold),))
        return asyncio.run_coroutine_threadsafe(self._simulator.play(script), self._loop)

    def section(self) -> dict[str, Any]:
        """Its entry in textback.toml."""
        return {
            "name": self.name,
            "kind": "asterisk",
            "host": "127.0.0.1",
            "port": self.port,
            "username": "textback",
            "secret": "demo",
            "trunks": ["PJSIP/trunk-*"],
            "inbound_contexts": ["from-trunk"],
            "queue_log": str(self.queue_log),
        }

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self.port = await self._simulator.start()
        self._listens.set()
        await self._stop.wait()
        await self._simulator.stop()

    def _record(self, block: bytes) -> None:
        if not block.startswith(b"Event: QueueCaller"):
            return
        told = read_action(block)
        if told["event"] == "QueueCallerJoin":
            self._write(told, "ENTERQUEUE", "", told["calleridnum"], told["position"])
        elif told["event"] == "QueueCallerAbandon":
            self._write(told, "ABANDON", told["position"], told["originalposition"], told["holdtime"])

    def _write(self, told: Any, verb: str, *data: str) -> None:
        words = (str(int(self._clock())), told["uniqueid"], told["queue"], "NONE", verb, *data)
        with self.queue_log.open("a") as log:
            log.write("|".join(words) + "\n")
