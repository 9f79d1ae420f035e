"""One AMI session: panoramisk carries the conversation (login, actions, lists), our reader takes the events."""

from __future__ import annotations

import asyncio
import os
import secrets
import ssl
from collections.abc import Callable, Mapping
from typing import Any

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from textback.pbx.errors import LinkError
from textback.pbx.patience import Patience
from textback.pbx.tls import Tls, distrust
from textback.pbx.wire import Headers, header_pairs

#: what the daemon wants to hear of; the ``read`` line of manager.conf may give less
EVENT_CLASSES = "system,call,agent,dtmf,dialplan"
#: what panoramisk sees of an answer: only what correlates; the rest stays with us, as it was
_CORRELATES = ("Response", "Event", "ActionID", "EventList", "Message")


class _Wire(AMIProtocol):  # type: ignore[misc]
    """panoramisk's protocol with its faults out of reach: bytes go to our reader, an end is an end.

    Its own ``data_received`` decodes each read apart (a split character vanishes) and calls back into the
    loop's error handler; its ``connection_lost`` reconnects for ever and sends actions again.
    """

    def __init__(self, on_bytes: Callable[[bytes], None]) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.items: dict[str, list[Headers]] = {}
        self.answers: dict[str, list[tuple[str, str]]] = {}
        self.on_bytes = on_bytes

    def data_received(self, data: bytes) -> None:
        self.on_bytes(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.responses.clear()
        if not self.lost.done():
            self.lost.set_result(None)

    def eof_received(self) -> bool:
        return False


class Session:
    """A connection to a PBX; ``ask`` and ``ask_list`` fail with ``LinkError``, never wait for ever."""

    def __init__(self, wire: _Wire, manager: Manager, timeout: float) -> None:
        self._wire = wire
        self._manager = manager
        self._timeout = timeout

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        on_bytes: Callable[[Session, bytes], None],
        tls: Tls | None = None,
        patience: Patience = Patience(),
    ) -> Session:
        """Connect, but do not log in yet. Raises ``LinkError``."""
        loop = asyncio.get_running_loop()
        early: list[bytes] = []
        wire = _Wire(early.append)
        context = tls.context() if tls else None
        try:
            async with asyncio.timeout(patience.connect):
                transport, _ = await loop.create_connection(lambda: wire, host, port, ssl=context)
        except (OSError, TimeoutError) as error:
            refused = distrust(error, f"{host}:{port}")
            raise refused or LinkError(f"cannot connect to {host}:{port}: {_why(error)}") from error
        session = cls(wire, _manager_of(loop, transport, wire), patience.answer)
        wire.on_bytes = lambda data: on_bytes(session, data)
        for data in early:
            on_bytes(session, data)
        return session

    async def login(self, username: str, secret: str) -> None:
        """Log in and subscribe. Raises ``LinkError``, permanent if the PBX refuses the user or the secret."""
        answer = await self.ask(
            {"Action": "Login", "Username": username, "Secret": secret, "Events": EVENT_CLASSES}
        )
        if answer.get("Response") != "Success":
            raise LinkError(
                f"the PBX refuses the AMI user {username!r}: {answer.get('Message', 'no reason given')}; "
                "check the secret, and permit/deny in manager.conf",
                permanent=True,
            )

    def answer(self, block: bytes) -> None:
        """Take a response, or an item or the end of a list, as the reader cut it from the stream and checked it."""
        pairs = header_pairs(block)
        headers = dict(reversed(pairs))
        action_id = headers.get("ActionID", "")
        if action_id not in self._wire.responses:
            return
        if "Response" in headers:
            self._wire.answers[action_id] = pairs
        if "Event" in headers and headers.get("EventList") != "Complete":
            self._wire.items.setdefault(action_id, []).append(headers)
        self._wire.handle_message(Message({name: headers[name] for name in _CORRELATES if name in headers}))

    async def ask(self, action: Mapping[str, str], timeout: float | None = None) -> Headers:
        """The response to an action. Raises ``LinkError`` if none comes within ``timeout`` seconds."""
        answer, _, _ = await self._send(action, timeout, as_list=False)
        return answer

    async def ask_whole(self, action: Mapping[str, str], timeout: float | None = None) -> list[tuple[str, str]]:
        """The same with every header of the response, in order: some come several times. Raises ``LinkError``."""
        _, _, pairs = await self._send(action, timeout, as_list=False)
        return pairs

    async def ask_list(self, action: Mapping[str, str], timeout: float | None = None) -> list[Headers]:
        """The items of a list action. Raises ``LinkError``, permanent if the user may not ask for it."""
        answer, items, _ = await self._send(action, timeout)
        if answer.get("Response") != "Success":
            message = answer.get("Message", "no reason given")
            raise LinkError(f"{action['Action']}: {message}", permanent="ermission" in message)
        return items

    async def _send(
        self, action: Mapping[str, str], timeout: float | None, as_list: bool | None = None
    ) -> tuple[Headers, list[Headers], list[tuple[str, str]]]:
        if any(mark in text for pair in action.items() for text in pair for mark in "\r\n"):
            raise LinkError(f"{action['Action']}: a value has a line end in it, nothing was sent")
        if self._wire.lost.done():
            raise LinkError("the link is down")
        timeout = self._timeout if timeout is None else timeout
        action_id = secrets.token_hex(16)  # nobody who forges messages can know it
        # Left to itself, panoramisk takes "successfully queued" and "will follow" for the beginning of a list.
        future = self._manager.send_action({**action, "ActionID": action_id}, as_list=as_list)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.wait({future, self._wire.lost}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise LinkError(f"{action['Action']}: no answer for {timeout:.0f} s") from None
        finally:
            self._wire.responses.pop(action_id, None)
            items = self._wire.items.pop(action_id, [])
            pairs = self._wire.answers.pop(action_id, [])
        if not future.done():
            future.cancel()
            raise LinkError("the PBX closed the link")
        return _headers_of(future.result()), items, pairs

    async def closed(self) -> None:
        """Wait until the connection ends, from whichever side."""
        await asyncio.shield(self._wire.lost)

    @property
    def local_address(self) -> str:
        """The IP address from which we are connected."""
        name = self._wire.transport.get_extra_info("sockname")
        return str(name[0]) if name else ""

    @property
    def is_open(self) -> bool:
        """Whether the connection has not ended."""
        return not self._wire.lost.done()

    def close(self) -> None:
        """End the connection now."""
        self._wire.transport.abort()


def _why(error: OSError) -> str:
    """In a few words: "connection refused"; what TLS finds fault with, in its own."""
    if isinstance(error, ssl.SSLError) or not error.errno or error.errno < 0:
        return str(error.strerror or error) or "no answer"
    return os.strerror(error.errno).lower()


def _manager_of(loop: asyncio.AbstractEventLoop, transport: Any, wire: _Wire) -> Manager:
    """A panoramisk manager on a connection of ours: it neither connects nor reconnects nor pings by itself."""
    manager = Manager(loop=loop, encoding="utf8")
    connected = loop.create_future()
    connected.set_result((transport, wire))
    manager.connection_made(connected)
    manager.pinger.cancel()
    manager.pinger = None
    return manager


def _headers_of(result: Any) -> Headers:
    first = result[0] if isinstance(result, list) else result
    return {name: first[name] for name in ("Response", "Message") if name in first}
