"""greenswitch's ESL protocol with its faults out of reach: bytes are cut by us, nothing waits for ever."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import gevent
import gevent.event
import gevent.socket
from gevent.lock import BoundedSemaphore
from greenswitch.esl import InboundESL, NotConnectedError

from textback.pbx.errors import LinkError, NotAdmitted
from textback.pbx.esl_frames import Frame, Frames
from textback.pbx.esl_said import said, verb, why
from textback.pbx.patience import Patience
from textback.pbx.tls import distrust

#: bytes that are taken from the socket at once
PIECE = 256 * 1024

_SAID = frozenset({b"auth/request", b"command/reply", b"api/response", b"text/rude-rejection"})


class Wire(InboundESL):  # type: ignore[misc]
    """One connection, which lives in the thread that made it; ``on_frames`` is given what is no part of the talk.

    greenswitch keeps the order of the answers, and logs in. Its own reader would unquote an event before it splits
    it (whoever calls could write headers), go deaf at one byte that is no UTF-8, and spin for ever where the other
    side ends in the middle of an event; its ``send`` and ``connect`` would wait for ever, and send half a command.
    """

    def __init__(
        self,
        host: str,
        port: int,
        on_frames: Callable[[list[Frame]], None],
        on_end: Callable[[], None],
        patience: Patience,
    ) -> None:
        super().__init__(host, port, "", timeout=patience.connect)
        self.problem: LinkError | None = None
        self.sock: Any = None
        self._on_frames = on_frames
        self._on_end = on_end
        self._patience = patience
        self._sending = BoundedSemaphore()
        self._commands_sent: list[gevent.event.AsyncResult] = []

    # -- the beginning ----------------------------------------------------------------------------------

    def open(self, tls: ssl.SSLContext | None) -> None:
        """Connect, and wait until the PBX asks who we are. Raises ``LinkError``."""
        try:
            self._connect(tls)
            if not self._auth_request_event.wait(self._patience.answer):
                raise LinkError(f"{self.host}:{self.port} does not speak: is that FreeSWITCH's event socket?")
            if self.problem:
                raise self.problem
        except BaseException as error:
            if isinstance(error, LinkError):
                self.lose(error)
            self.shut()
            raise

    def _connect(self, tls: ssl.SSLContext | None) -> None:
        try:
            with gevent.Timeout(self._patience.connect, LinkError("it does not take the connection")):
                self.sock = gevent.socket.create_connection((self.host, self.port))
                if tls is not None:
                    self.sock = tls.wrap_socket(self.sock, server_hostname=self.host)
        except (OSError, LinkError) as error:
            where = f"{self.host}:{self.port}"
            raise distrust(error, where) or LinkError(f"cannot connect to {where}: {why(error)}") from error
        self.connected = True
        self.start_event_handlers()

    def start_event_handlers(self) -> None:
        """Only our own reader runs, and no queue of events that nobody bounds."""
        self._receive_events_greenlet = gevent.spawn(self.receive_events)

    def login(self, secret: str) -> None:
        """Say the password. Raises ``LinkError``, permanent if it is the wrong one."""
        self.password = secret
        try:
            self.authenticate()
        except ValueError:
            raise LinkError(
                "the PBX refuses the password; check `secret`, and `password` in event_socket.conf.xml", permanent=True
            ) from None

    # -- the talk ---------------------------------------------------------------------------------------

    def send(self, data: str, seconds: float | None = None) -> Any:
        """Say one line, and return the answer. Raises ``LinkError`` if none comes within ``seconds``."""
        seconds = self._patience.answer if seconds is None else seconds
        if "\n" in data or "\r" in data:
            raise LinkError("a command has a line end in it, nothing was sent")
        if not self.connected:
            raise self.problem or LinkError("the link is down")
        answer = gevent.event.AsyncResult()
        self._say(data.encode() + b"\n\n", answer)
        try:
            return answer.get(timeout=seconds)
        except gevent.Timeout:
            raise LinkError(f"{verb(data)}: no answer for {seconds:.0f} s") from None
        except NotConnectedError:
            raise self.problem or LinkError("the PBX closed the link") from None

    def _say(self, data: bytes, answer: gevent.event.AsyncResult) -> None:
        try:
            with gevent.Timeout(self._patience.answer, LinkError("the PBX takes nothing any more")), self._sending:
                # An answer that comes too late finds its own place here, and not that of the next one.
                self._commands_sent.append(answer)
                self.sock.sendall(data)
        except (OSError, LinkError) as error:  # half a command may be out
            self.lose(error if isinstance(error, LinkError) else LinkError(f"the link broke: {why(error)}"))

    def receive_events(self) -> None:
        """Read until the end, from whichever side; never waits for anything but bytes."""
        frames = Frames()
        try:
            while data := self.sock.recv(PIECE):
                self._sort(frames.feed(data))
            self.lose(LinkError("the PBX closed the link"))
        except LinkError as error:
            self.lose(error)
        except OSError as error:
            self.lose(LinkError(f"the link broke: {why(error)}"))

    def _sort(self, frames: list[Frame]) -> None:
        heard: list[Frame] = []
        for frame in frames:
            if frame.kind in _SAID:
                self.handle_event(said(frame))
            elif frame.kind == b"text/disconnect-notice":
                self._goodbye(frame, heard)
            else:
                heard.append(frame)
        self._on_frames(heard)

    def _goodbye(self, frame: Frame, heard: list[Frame]) -> None:
        if frame.header("Content-Disposition") == b"linger":
            return
        self._on_frames(heard)
        heard.clear()
        raise LinkError("the PBX says goodbye")

    def handle_event(self, event: Any) -> None:
        """What greenswitch makes of an answer, unless nobody has asked for it."""
        kind = event.headers["Content-Type"]
        if kind in ("command/reply", "api/response") and not self._commands_sent:
            return  # nobody has asked, so nobody can take it for an answer
        if kind == "text/rude-rejection":
            self.problem = NotAdmitted(
                "the PBX does not let this address in: check apply-inbound-acl in event_socket.conf.xml"
            )
        if kind == "command/reply":
            event.headers.setdefault("Reply-Text", "")
        self.sock_file = event
        super().handle_event(event)
        if self.problem:
            raise self.problem

    @staticmethod
    def _read_socket(sock: Any, length: int) -> str:
        """The body, which has come already; greenswitch would read it now."""
        return bytes(sock.body).decode("utf-8", "replace")

    # -- the end ----------------------------------------------------------------------------------------

    def lose(self, problem: LinkError) -> None:
        """The connection is over: whoever waits for an answer learns it."""
        self.problem = self.problem or problem
        self.connected = False
        self._run = False
        waiting, self._commands_sent = self._commands_sent, []
        for answer in waiting:
            answer.set_exception(NotConnectedError())
        self._auth_request_event.set()
        self._on_end()

    def shut(self) -> None:
        """End the connection now."""
        self.lose(LinkError("the link was closed"))
        if self._receive_events_greenlet is not None:
            self._receive_events_greenlet.kill()
        if self.sock is not None:
            self.sock.close()
