"""What a real FreeSWITCH 1.11.2 told the doctor: with everything in place, and set up wrongly in each of many ways.

Recorded in the house of ``tests/freeswitch/doctoring.py``; its folders have the usual names in it, and the time is left
out, since that goes on.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.freeswitch.doctoring import PRACTICE
from tests.pbx.fake_freeswitch import FakeFreeswitch, fake_freeswitch
from textback.clock import system_clock
from textback.config import Config, load, load_practice_file
from textback.doctor.finding import Finding
from textback.doctor.freeswitch import examine
from textback.doctor.freeswitch.wanted import Wanted, wanted
from textback.doctor.visit import Visit

TOLD: dict[str, Any] = json.loads(lzma.decompress((Path(__file__).parent / "told.json.xz").read_bytes()))
_CDR = "/var/log/freeswitch/json_cdr"
_QUEUES = 'json {"command": "callcenter_config", "data": {"arguments": "queue list"}}'


@dataclass
class House:
    """textback.toml, a practice, and what the FreeSWITCH answers: changed by a test before it is looked at."""

    folder: Path
    answers: dict[str, str] = field(default_factory=dict)
    skew: float = 0.0

    def say(self, way: str | None) -> None:
        """All is as it was recorded in one way of setting it up wrongly; None: with everything in place."""
        told = TOLD["ways"][way] if way else {"answers": {}, "toml": None, "practice": None}
        self.answers = {command: self._here(answer) for command, answer in (TOLD["base"] | told["answers"]).items()}
        (self.folder / "cdr").mkdir(exist_ok=True)
        self.toml = self._here((told["toml"] or TOLD["toml"]).replace("{folder}", str(self.folder)))
        (self.folder / "practice.toml").write_text(told["practice"] or PRACTICE)

    def _here(self, text: str) -> str:
        return text.replace(_CDR, str(self.folder / "cdr"))

    def change(self, command: str, old: str, new: str) -> None:
        """Another answer than the recorded one."""
        assert self.answers[command].count(old) == 1, (command, old, self.answers[command].count(old))
        self.answers[command] = self.answers[command].replace(old, new)

    def config(self, port: int = 8021) -> Config:
        (self.folder / "textback.toml").write_text(self.toml.replace("port = 8021", f"port = {port}"))
        return load(self.folder / "textback.toml")

    def wanted(self, port: int = 8021) -> Wanted:
        config = self.config(port)
        return wanted(config, config.pbx[0], [load_practice_file(self.folder / "practice.toml")])

    @asynccontextmanager
    async def freeswitch(self) -> AsyncIterator[FakeFreeswitch]:
        """One that answers so."""
        async with fake_freeswitch() as pbx:
            pbx.apis = {command: answer for command, answer in self.answers.items() if answer}
            pbx.apis["strmicroepoch"] = str(int((system_clock() + self.skew) * 1_000_000))
            pbx.queues = json.loads(self.answers[_QUEUES])["response"]
            yield pbx

    async def findings(self, visit: Visit = Visit()) -> list[Finding]:
        """What the doctor says of it."""
        async with self.freeswitch() as pbx:
            pbx.answers["auth"] = lambda command: b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
            return [finding async for finding in examine(self.wanted(pbx.port), visit)]


def house(folder: Path, way: str | None = None) -> House:
    """The one that was recorded."""
    built = House(folder)
    built.say(way)
    return built
