"""Stands in for the daemon's FastAGI hooks: says what the test wants, or nothing, or is not there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from .asterisk import LabError
from .ports import free_port

_PATIENCE = 20.0


class Asked:
    """A hook that was asked: its name, its query, and the environment that Asterisk sent."""

    def __init__(self, environment: dict[str, str]) -> None:
        parts = urlsplit(environment["agi_network_script"])
        self.hook = parts.path
        self.query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.environment = environment


class StandIn:
    """Listens on a port of its own; ``answers`` are the AGI commands for each hook."""

    def __init__(self) -> None:
        self.port = free_port()
        self.answers: dict[str, Sequence[str]] = {}
        #: takes connections and says nothing, as a stopped process does
        self.hangs = False
        self.asked: list[Asked] = []
        self._changed = threading.Condition()
        self._listener: socket.socket | None = None

    def __enter__(self) -> StandIn:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()

    def listen(self) -> None:
        """Is there again."""
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        threading.Thread(target=self._accept, args=(self._listener,), name="agi", daemon=True).start()

    def refuse(self) -> None:
        """Is not there: connections are refused."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def answer(self, hook: str, *commands: str, **variables: str) -> None:
        """From now on that hook gives these commands, then sets these variables."""
        self.answers[hook] = [*commands, *(f'SET VARIABLE {name} "{value}"' for name, value in variables.items())]

    def wait_asked(self, hook: str, uniqueid: str, times: int = 1) -> Asked:
        """Waits until that call has asked for the hook so often; returns the last time."""
        found: list[Asked] = []

        def came() -> bool:
            found[:] = self.of(uniqueid, hook)
            return len(found) >= times

        with self._changed:
            if not self._changed.wait_for(came, _PATIENCE):
                raise LabError(f"{hook} was not asked {times} times: {[asked.hook for asked in self.asked]}")
        return found[times - 1]

    def of(self, uniqueid: str, hook: str | None = None) -> list[Asked]:
        """What a call has asked."""
        return [a for a in self.asked if a.environment["agi_uniqueid"] == uniqueid and hook in (None, a.hook)]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # refuse() closed it
                return
            threading.Thread(target=self._serve, args=(connection,), name="agi-call", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            environment = {}
            while line := lines.readline().decode("utf-8", "replace").rstrip("\n"):
                key, _, value = line.partition(": ")
                environment[key] = value
            asked = Asked(environment)
            with self._changed:
                self.asked.append(asked)
                self._changed.notify_all()
            if self.hangs:
                lines.read()  # until Asterisk gives up
                return
            for command in self.answers.get(asked.hook, ()):
                connection.sendall(f"{command}\n".encode())
                while lines.readline().startswith(b"HANGUP"):
                    continue
