"""A tiny AMI client for the tests, independent of the daemon's own: it records everything and waits for messages."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

Message = Mapping[str, str]
_DEFAULT_TIMEOUT = 20.0


class AmiError(Exception):
    """The session ended, was refused, or did not say what was waited for."""


class Ami:
    """One AMI session; a thread reads it, so nothing is missed between two waits."""

    def __init__(self, port: int, user: str, secret: str, events: str = "on") -> None:
        self.raw = bytearray()
        self.messages: list[Message] = []
        self._times: dict[int, float] = {}
        self._heard = threading.Condition()
        self._sending = threading.Lock()
        self._closed = False
        self._numbers = itertools.count(1)
        self._socket = socket.create_connection(("127.0.0.1", port), 5)
        self._socket.settimeout(None)
        self._arrived: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        self._threads = [threading.Thread(target=work, name=f"ami-{user}") for work in (self._read, self._take)]
        for thread in self._threads:
            thread.daemon = True
            thread.start()
        answer = self.ask("Login", Username=user, Secret=secret, Events=events)
        if answer["Response"] != "Success":
            self.close()
            raise AmiError(answer.get("Message", "refused"))

    def __enter__(self) -> Ami:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the session and its reader."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other side was first
            self._closed = True
        self._socket.close()
        for thread in self._threads:
            thread.join(5)

    def heard_at(self, message: Message) -> float:
        """When a message of this session came, in seconds of a clock that never jumps."""
        return self._times[id(message)]

    def ask(self, action: str, **headers: Any) -> Message:
        """Sends an action and returns its answer."""
        number = self.send(action, **headers)
        return self.wait(lambda m: "Response" in m and m.get("ActionID") == number)

    def items(self, action: str, **headers: Any) -> list[Message]:
        """Sends an action that answers with a list, and returns the list's events."""
        number = self.send(action, **headers)
        self.wait(lambda m: m.get("ActionID") == number and m.get("EventList") == "Complete")
        return [m for m in self.events() if m.get("ActionID") == number and "EventList" not in m]

    def send(self, action: str, **headers: Any) -> str:
        """Sends an action and returns the ActionID it was given."""
        number = f"lab-{next(self._numbers)}"
        lines = [f"Action: {action}", f"ActionID: {number}", *(f"{k}: {v}" for k, v in headers.items())]
        with self._sending:
            self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return number

    def events(self, *names: str, **headers: str) -> list[Message]:
        """Returns the events so far that bear one of the names and all of the headers."""
        with self._heard:
            return [m for m in self.messages if "Event" in m and _fits(m, names, headers)]

    def wait_event(self, *names: str, timeout: float = _DEFAULT_TIMEOUT, **headers: str) -> Message:
        """Returns the first such event of the session, waiting for it if it has not come yet."""
        return self.wait(lambda m: "Event" in m and _fits(m, names, headers), timeout, f"{names} {headers}")

    def wait(
        self, wanted: Callable[[Message], bool], timeout: float = _DEFAULT_TIMEOUT, what: str = "the message"
    ) -> Message:
        """Returns the first message that is wanted; AmiError if it does not come within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self._heard:
            while True:
                for message in self.messages[seen:]:
                    if wanted(message):
                        return message
                seen = len(self.messages)
                left = deadline - time.monotonic()
                if self._closed or left <= 0:
                    raise AmiError(f"{what} did not come{' before the session ended' if self._closed else ''}")
                self._heard.wait(left)

    def _read(self) -> None:
        # by a thread that does nothing else, so that the times are right however busy the test is
        while data := self._receive():
            self._arrived.put((time.monotonic(), data))
        self._arrived.put((0.0, b""))

    def _take(self) -> None:
        rest = b""
        while (arrived := self._arrived.get())[1]:
            now, data = arrived
            *blocks, rest = (rest + data).split(b"\r\n\r\n")
            messages = [_parse(block) for block in blocks]
            with self._heard:
                self.raw += data
                self.messages += messages
                self._times |= {id(message): now for message in messages}
                self._heard.notify_all()
        with self._heard:
            self._closed = True
            self._heard.notify_all()

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(1 << 16)
        except OSError:
            return b""


def _parse(block: bytes) -> Message:
    pairs = (line.partition(":") for line in block.decode("utf-8", "replace").split("\r\n"))
    return {key: value.removeprefix(" ") for key, _, value in pairs}


def _fits(message: Message, names: tuple[str, ...], headers: Mapping[str, str]) -> bool:
    named = not names or message["Event"] in names
    return named and all(message.get(key) == value for key, value in headers.items())
