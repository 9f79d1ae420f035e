"""The daemon as a process of its own, beside a real Asterisk and Twilio's stand-in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from sqlalchemy import Connection

from tests.practices import document, practice
from textback.store import calls, messages, migrations, practices
from textback.store.engine import open_engine, reading

from .asterisk import Asterisk, LabError

#: seconds after which what never comes fails the test
PATIENCE = 30.0
SOURCE = Path(__file__).parents[2] / "daemon"
T = TypeVar("T")


class Daemon:
    """`textback run` with a folder, a database and a configuration of its own; it may be ended and started again."""

    def __init__(
        self,
        folder: Path,
        asterisk: Asterisk,
        twilio: str,
        user: str = "",
        secret: str = "",
        queue_log: Path | None = None,
        agi_port: int | None = None,
        rate: float = 100.0,
    ) -> None:
        self.folder = folder
        self._agi_port, self._rate = agi_port, rate
        self._queue_log = queue_log
        self._asterisk = asterisk
        self._user = user or asterisk.user
        self._secret = secret or asterisk.secret
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._reader: threading.Thread | None = None
        self.configure(twilio)
        self._engine = open_engine(self._url)

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        self._engine.dispose()

    @property
    def _url(self) -> str:
        return f"sqlite:///{self.folder}/textback.db"

    def configure(self, twilio: str, port: int = 0) -> None:
        """Writes `textback.toml`: the texts go to that address; `port` stands in for the PBX's own."""
        pbx = {
            "name": "main",
            "kind": "asterisk",
            "host": "127.0.0.1",
            "port": port or self._asterisk.ami_port,
            "username": self._user,
            "secret": self._secret,
            "trunks": ["PJSIP/trunk-*"],
            "inbound_contexts": ["from-trunk"],
        }
        if self._queue_log is not None:
            pbx["queue_log"] = str(self._queue_log)
        # For twice that time, and a heartbeat, a daemon that was killed is taken to live on.
        account = {"account_sid": "AC" + "0" * 32, "auth_token": "token", "api_base": twilio, "timeout": "3s"}
        written: dict[str, Any] = {
            "database": {"url": self._url},
            "http": {"listen": "127.0.0.1:0"},
            "pbx": [pbx],
            "sms": {"provider": "twilio", "rate": self._rate, "twilio": account},
        }
        if self._agi_port is not None:
            written["agi"] = {"listen": f"127.0.0.1:{self._agi_port}"}
        (self.folder / "textback.toml").write_text(tomli_w.dumps(written))

    def apply(self, **changes: Any) -> None:
        """Loads the practice of tests/practices.py, changed."""
        migrations.upgrade(self._engine)
        with self._engine.begin() as connection:
            practices.put(connection, practice(**changes).name, document(**changes), "test", time.time())

    def database(self) -> AbstractContextManager[Connection]:
        """A transaction in its database."""
        return self._engine.begin()

    def start(self, until: str | None = "main: link is up") -> Daemon:
        """Starts it and waits until it says `until`."""
        self._lines = []
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *self._command("run")],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=_environment(),
        )
        self._reader = threading.Thread(target=self._read, name="daemon", daemon=True)
        self._reader.start()
        if until:
            self.wait_line(until)
        return self

    def kill(self) -> None:
        """Ends it at once (`kill -9`)."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ends it in order (SIGTERM) and returns its exit status."""
        return self._end(signal.SIGTERM)

    def textback(self, *arguments: object) -> str:
        """Runs another command with the same configuration and returns what it printed."""
        done = subprocess.run(
            self._command(*arguments), capture_output=True, text=True, env=_environment(), check=False, timeout=PATIENCE
        )
        if done.returncode:
            raise LabError(f"textback {arguments[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def calls(self) -> list[dict[str, Any]]:
        """What `calls list --json` tells, oldest call first."""
        return _told(self.textback("calls", "list", "--json", "--limit", 0))[::-1]

    def messages(self) -> list[dict[str, Any]]:
        """What `messages list --json` tells, oldest text first."""
        return _told(self.textback("messages", "list", "--json", "--limit", 0))[::-1]

    # -- its database, asked often ------------------------------------------------------------------------

    def rows(self, number: str | None = None) -> list[dict[str, Any]]:
        """The calls, or those of one caller (E.164), with the keys of `calls list --json`, oldest first."""
        with reading(self._engine) as connection:
            return calls.listing(connection, limit=0, number=number)[::-1]

    def wait_row(self, number: str, **wanted: Any) -> dict[str, Any]:
        """Waits until the one call of a caller is as `wanted`, and returns it."""

        def fitting() -> dict[str, Any] | None:
            found = [row for row in self.rows(number) if all(row[key] == value for key, value in wanted.items())]
            return found[0] if found else None

        try:
            return until(fitting, f"a call of {number} with {wanted}")
        except LabError as late:
            raise LabError(f"{late}; there are {self.rows(number)}") from None

    def wait_quiet(self) -> None:
        """Waits until every call has its verdict and every text has left."""

        def is_quiet() -> bool:
            # The calls first: a verdict comes together with its text, which must not come in between.
            if not all(row["verdict"] for row in self.rows()):
                return False
            with reading(self._engine) as connection:
                texts = messages.listing(connection, limit=0)
            return not any(text["status"] in ("queued", "sending") for text in texts)

        until(is_quiet, "the end of all calls and texts")

    # -- its log ------------------------------------------------------------------------------------------

    @property
    def log(self) -> list[str]:
        """The lines of its log since it was started last."""
        with self._said:
            return list(self._lines)

    def wait_line(self, *containing: str, since: int = 0, timeout: float = PATIENCE) -> str:
        """Waits for the first line, after the first `since`, that has all of that in it."""

        def found() -> list[str]:
            return [line for line in self._lines[since:] if all(part in line for part in containing)]

        with self._said:
            if not self._said.wait_for(lambda: found() or self._has_ended(), timeout) or not found():
                raise LabError(f"the daemon did not say {containing}:\n" + "\n".join(self._lines[-30:]))
            return found()[0]

    def _read(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        for line in self._process.stderr:
            with self._said:
                self._lines.append(line.rstrip("\n"))
                self._said.notify_all()
        with self._said:
            self._process.wait()
            self._said.notify_all()

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _end(self, how: signal.Signals) -> int:
        assert self._process is not None and self._reader is not None
        self._process.send_signal(how)
        status = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._process = None
        return status

    def _command(self, *arguments: object) -> Sequence[str]:
        configuration = str(self.folder / "textback.toml")
        return [sys.executable, "-m", "textback", "--config", configuration, *map(str, arguments)]


def until(ask: Callable[[], T | None], what: str, timeout: float = PATIENCE) -> T:
    """Asks again and again until the answer is something, and returns it; LabError if it never is."""
    deadline = time.monotonic() + timeout
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise LabError(f"{what} did not come within {timeout:g} s")
        time.sleep(0.02)  # files, tables and other processes can only be asked
    return answer


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1", "TZ": "UTC"}


def _told(lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]
