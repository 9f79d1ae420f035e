"""`textback run` as a process of its own, to be killed at any time, and the database that it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w
from sqlalchemy import Engine, select

from tests.practices import document, practice
from tests.servers import Postgresql
from textback.store import migrations, practices
from textback.store.engine import open_engine, reading
from textback.store.tables import calls, messages

ROOT = Path(__file__).parents[2]
END_LIMIT = 20.0

#: everybody is texted at once, however many they are
EVERYBODY = {
    "guards__settle": 0,
    "guards__cooldown": 0,
    "guards__per_minute": 0,
    "guards__per_day": 0,
    "guards__per_prefix": 0,
    "guards__max_age": "6h",
    "abandoned__min_hold": 0,
}
#: by which the provider knows the daemons; it signs what it posts there
PUBLIC_URL, TOKEN = "https://texts.example.com", "token"
FINAL = frozenset(("sent", "delivered", "failed", "undelivered", "unknown", "held", "cancelled"))


class Daemon:
    """One daemon; ``program`` is what Python runs, and what it says goes to a file."""

    def __init__(self, config: Path, log: Path, program: str = "tests.faults.hasty") -> None:
        self._command = [sys.executable, "-m", program, "--config", str(config), "run", "--no-upgrade"]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Starts it, and waits for nothing."""
        path = os.pathsep.join([*sys.path, str(ROOT)])
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=ROOT, env={**os.environ, "PYTHONPATH": path, "TZ": "UTC"},
            )
        self.starts += 1

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(END_LIMIT)
            self._process = None

    def freeze(self) -> None:
        """Lets it do nothing, not even see that time passes."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on where it was."""
        self.send(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        assert self._process is not None
        self._process.send_signal(number)

    @property
    def pid(self) -> int:
        """Its process id, while it runs."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(END_LIMIT)
        self._process = None
        return status

    def has_said(self, words: str) -> bool:
        """Whether that is in its log."""
        return words in self._log.read_text(errors="replace")

    @property
    def ports(self) -> list[int]:
        """Where it listens for posts, if it ever did: the last one that its log names."""
        said = re.findall(r"\[webhooks\] listens on 127\.0\.0\.1:(\d+)", self._log.read_text())
        return [int(port) for port in said[-1:]]

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself, which it never should."""
        return self._process is not None and self._process.poll() is not None


def configure(
    path: Path,
    url: str,
    twilio: str,
    pbxes: Sequence[dict[str, Any]] = (),
    timeout: float = 1.0,
    rate: float = 1000.0,
) -> Path:
    """Writes textback.toml; below 2, ``rate`` lets only one text be in hand."""
    account = {"account_sid": "AC" + "0" * 32, "auth_token": TOKEN, "api_base": twilio, "timeout": timeout}
    sms = {"provider": "twilio", "rate": rate, "twilio": account}
    told = {"listen": "127.0.0.1:0", "public_url": PUBLIC_URL}
    tables = {"database": {"url": url}, "http": {"listen": "127.0.0.1:0"}, "sms": sms, "webhooks": told}
    path.write_text(tomli_w.dumps(tables | {"pbx": list(pbxes)}))
    return path


def prepare(url: str, **changes: Any) -> Engine:
    """A migrated database with a practice that texts everybody."""
    engine = open_engine(url)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        wanted = EVERYBODY | changes
        practices.put(connection, practice(**wanted).name, document(**wanted), "test", time.time())
    return engine


def rows(engine: Engine) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All calls and all messages, as they are stored."""
    with reading(engine) as connection:
        found = [connection.execute(select(table)).mappings().all() for table in (calls, messages)]
    return [dict(row) for row in found[0]], [dict(row) for row in found[1]]


def counts(engine: Engine) -> tuple[int, int, int]:
    """How many calls there are, how many of them are not judged or have a text in the queue, and in hand."""
    with reading(engine) as connection:
        verdicts = connection.execute(select(calls.c.verdict)).scalars().all()
        states = Counter(connection.execute(select(messages.c.status)).scalars())
    return len(verdicts), verdicts.count(None) + states["queued"], states["sending"]


def until(ask: Callable[[], bool], seconds: float) -> bool:
    """Ask again and again until it is so, at most that long; whether it is."""
    deadline = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)  # tables and other processes can only be asked
    return True


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new database of that kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'textback.db'}"
        return
    server = Postgresql()
    try:
        server.start()
        with server.database() as url:
            yield url
    finally:
        server.remove()
