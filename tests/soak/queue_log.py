"""The queue_log that a simulated PBX writes, as Asterisk does: whole seconds, and only what happens in queues."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from textback.demo.blocks import read_action

#: bytes after which it is rotated, as logrotate would
LARGE = 2_000_000
_WANTED = tuple(b"Event: " + name for name in (b"QueueCaller", b"AgentConnect", b"AgentComplete"))


class QueueLogWriter:
    """Writes what the events of a switchboard tell of queues."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", buffering=1)
        self._serial = 0

    def take(self, privilege: str, block: bytes) -> None:
        """An event of any kind."""
        if not block.startswith(_WANTED):
            return
        told = read_action(block)
        event = told["event"]
        if event == "QueueCallerJoin":
            self._write(told, "NONE", "ENTERQUEUE", "", told["calleridnum"], told["position"])
        elif event == "QueueCallerAbandon":
            self._write(told, "NONE", "ABANDON", told["position"], told["originalposition"], told["holdtime"])
        elif event == "AgentConnect":
            self._write(told, told["membername"], "CONNECT", told["holdtime"], told["destuniqueid"], told["ringtime"])
        elif event == "AgentComplete":
            self._write(told, told["membername"], "COMPLETECALLER", told["holdtime"], told["talktime"], "1")

    def _write(self, told: Mapping[str, str], agent: str, verb: str, *data: str) -> None:
        words = (str(int(time.time())), told["uniqueid"], told["queue"], agent, verb, *data)
        self._file.write("|".join(words) + "\n")
        if self._file.tell() > LARGE:
            self._rotate()

    def _rotate(self) -> None:
        self._file.close()
        self._serial += 1
        self.path.rename(self.path.with_name(f"{self.path.name}.{self._serial}"))
        self._file = self.path.open("a", buffering=1)
