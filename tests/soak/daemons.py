"""The daemons under test as processes: started, killed, frozen, and looked at from outside."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from tests.faults.daemon import PUBLIC_URL, TOKEN, Daemon
from tests.lab.ports import free_port
from tests.soak.sight import Sight
from tests.soak.switch import Switch
from tests.soak.wire import Streams, Wire

#: what must not stand in a log, whatever happens
FORBIDDEN = re.compile(
    r"Traceback|Error\(|[Ee]xception|never retrieved|never awaited|fault of ours|fault in our code|CRITICAL|"
    r"could not be (?:taken|carried out)"
)
#: seconds of real time that one may take to end once it is told to (SPEC: 10), on a busy machine
LAST = 15.0
_PAGE = 4096


@dataclass(slots=True)
class Sample:
    """What one process used at ``age`` seconds of its life: memory in bytes, files, threads, CPU seconds."""

    age: float
    rss: int
    files: int
    threads: int
    cpu: float


@dataclass
class Life:
    """One process from its start to its end."""

    began: float
    samples: list[Sample] = field(default_factory=list)
    ended: str = ""


class Runner:
    """One daemon with its own wires to the PBXes and its own addresses."""

    def __init__(self, name: str, folder: Path, switches: Sequence[Switch], program: str) -> None:
        self.name = name
        self.agi_port, self.web_port, self.post_port = (free_port() for _ in range(3))
        self.sights = {switch.name: Sight() for switch in switches}
        self.wires = {switch.name: Wire(_to(switch), self.sights[switch.name]) for switch in switches}
        self.lives: list[Life] = []
        self.is_on = False
        self.log = folder / f"{name}.log"
        self._config = folder / f"{name}.toml"
        self._process = Daemon(self._config, self.log, program)
        self._read = 0
        self._switches = switches

    async def prepare(self, url: str, twilio: str, timeout: float) -> None:
        """Its wires listen, and its configuration is written."""
        for wire in self.wires.values():
            await wire.listen()
        account = {"account_sid": "AC" + "0" * 32, "auth_token": TOKEN, "api_base": twilio, "timeout": timeout}
        tables: dict[str, Any] = {
            "database": {"url": url},
            "http": {"listen": f"127.0.0.1:{self.web_port}", "secret": "a secret of the soak, long enough to be one"},
            "webhooks": {"listen": f"127.0.0.1:{self.post_port}", "public_url": PUBLIC_URL},
            "agi": {"listen": f"127.0.0.1:{self.agi_port}"},
            "sms": {"provider": "twilio", "rate": 1000.0, "twilio": account},
            "pbx": [_section(switch, self.wires[switch.name].port) for switch in self._switches],
        }
        self._config.write_text(tomli_w.dumps(tables))

    def start(self) -> None:
        """Begins a life; waits for nothing."""
        self._process.start()
        self.lives.append(Life(time.time()))
        self.is_on = True

    async def kill(self, durable_until: Callable[[], Awaitable[float]]) -> None:
        """kill -9; ``durable_until`` tells what it had written: what it saw later is lost."""
        self.is_on = False
        await asyncio.to_thread(self._process.kill)
        await self._over("killed", durable_until)

    async def stop(self, durable_until: Callable[[], Awaitable[float]]) -> int:
        """SIGTERM; gives the exit status."""
        self.is_on = False
        status = await asyncio.to_thread(self._process.stop)
        await self._over("stopped", durable_until)
        return status

    async def _over(self, how: str, durable_until: Callable[[], Awaitable[float]]) -> None:
        self.lives[-1].ended = how
        until = await durable_until()
        for sight in self.sights.values():
            sight.died(until)

    async def close(self) -> None:
        """The end of the run."""
        self._process.kill()
        for wire in self.wires.values():
            await wire.close()

    def freeze(self) -> None:
        """It does nothing any more, and does not know."""
        self._process.freeze()

    def thaw(self) -> None:
        """It goes on where it was."""
        self._process.thaw()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself."""
        return self.is_on and self._process.has_ended

    def catches(self, number: signal.Signals) -> bool:
        """Whether it has its own way with a signal."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        caught = int(re.search(r"SigCgt:\s*([0-9a-f]+)", status)[1], 16)  # type: ignore[index]
        return bool(caught >> (number - 1) & 1)

    def hang_up(self) -> None:
        """SIGHUP: it reads its configuration again."""
        self._process.send(signal.SIGHUP)

    def sample(self) -> None:
        """Note what it uses now; nothing, if it is not there."""
        if not self.is_on:
            return
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
            files = len(list(Path(f"/proc/{self.pid}/fd").iterdir()))
            status = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except (OSError, IndexError):
            return  # it has just died
        cpu, threads = (int(status[11]) + int(status[12])) / 100, int(status[17])
        life = self.lives[-1]
        life.samples.append(Sample(time.time() - life.began, pages * _PAGE, files, threads, cpu))

    def said(self) -> list[str]:
        """The lines that are new in its log and that should not be there."""
        with self.log.open(errors="replace") as log:
            log.seek(self._read)
            text = log.read()
            self._read = log.tell()
        lines = text.splitlines()
        found = [place for place, line in enumerate(lines) if FORBIDDEN.search(line)]
        return ["\n".join(lines[max(0, place - 1) : place + 12]) for place in found[:3]]


def _to(switch: Switch) -> Callable[[], Any]:
    async def connect() -> Streams:
        if not switch.is_on:
            raise ConnectionRefusedError
        return await asyncio.open_connection("127.0.0.1", switch.port)

    return connect


def _section(switch: Switch, port: int) -> dict[str, Any]:
    made = {
        "name": switch.name, "kind": "asterisk", "host": "127.0.0.1", "port": port, "username": "textback",
        "secret": "demo", "trunks": ["PJSIP/trunk-*"], "inbound_contexts": ["from-trunk"],
    }  # fmt: skip
    return made | ({"queue_log": str(switch.log.path)} if switch.log is not None else {})
