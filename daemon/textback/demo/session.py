"""One client's conversation with the simulated PBX: log in, ask, listen."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping

from textback.demo import blocks
from textback.demo.blocks import error, listing, reply, success, with_id
from textback.demo.stage import Stage

#: Bytes that may wait for a client that does not read; then it is cut off, as Asterisk does.
PATIENCE = 3_000_000
#: Lines of one action; more of them are no action.
LONGEST_ASK = 128
#: Seconds that a refused login waits for its answer, as measured on Asterisk.
REFUSAL_DELAY = 1.0

Ask = Mapping[str, str]


class Session:
    """A connection. Answers actions, and gets the events that happen after its login."""

    def __init__(self, writer: asyncio.StreamWriter, stage: Stage, username: str, secret: str) -> None:
        self._writer = writer
        self._stage = stage
        self._credentials = (username, secret)
        self._logged_in = False
        self._mask: frozenset[str] | None = frozenset()
        self._answers: dict[str, Callable[[Ask, str | None], list[bytes]]] = {
            "ping": self._ping,
            "events": self._events,
            "filter": lambda ask, me: [success(me, "Success")],
            "coresettings": self._settings,
            "coreshowchannels": self._channels,
            "bridgelist": lambda ask, me: listing(me, "Bridge listing will follow", [], "BridgeListComplete"),
            "queuestatus": self._queues,
            "status": self._status,
        }

    async def converse(self, reader: asyncio.StreamReader) -> None:
        """Answer until the client leaves, logs off, is refused, or sends what is no AMI."""
        self._writer.write(blocks.BANNER)
        while await self._answer(await self._next_ask(reader)):
            await self._writer.drain()

    def hear(self, privilege: str, block: bytes) -> None:
        """Pass an event on, if this client is logged in and wants that class."""
        if not self._logged_in or (self._mask is not None and privilege not in self._mask):
            return
        if self._writer.transport.get_write_buffer_size() > PATIENCE:
            self.cut()
            return
        self._writer.write(block)

    def cut(self) -> None:
        """End the connection at once, whatever still waits to be written."""
        self._writer.transport.abort()

    async def _next_ask(self, reader: asyncio.StreamReader) -> Ask:
        lines: list[bytes] = []
        while len(lines) < LONGEST_ASK:
            line = await reader.readline()
            if not line:
                raise EOFError
            if line.strip():
                lines.append(line)
            elif lines:
                return blocks.read_action(b"".join(lines))
        raise ValueError("an action without end")

    async def _answer(self, ask: Ask) -> bool:
        """Whether the conversation goes on."""
        action, me = ask.get("action", "").lower(), ask.get("actionid")
        if action == "logoff":
            self._writer.write(reply(me, "Goodbye", [("Message", "Thanks for all the fish.")]))
            return False
        if action == "login":
            return await self._login(ask, me)
        for block in self._reply(action, ask, me):
            self._writer.write(block)
        return True

    def _reply(self, action: str, ask: Ask, me: str | None) -> list[bytes]:
        if not self._logged_in:
            return [error(me, "Permission denied")]
        if not action:
            return [error(me, "Missing action in request")]
        if action in self._answers:
            return self._answers[action](ask, me)
        hint = "Use Action: ListCommands to show available commands."
        return [error(me, f"Invalid/unknown command: {ask['action']}. {hint}")]

    async def _login(self, ask: Ask, me: str | None) -> bool:
        given = (ask.get("username", ""), ask.get("secret", ""))
        if not all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, self._credentials)):
            await self._stage.sleep(REFUSAL_DELAY)
            self._writer.write(error(me, "Authentication failed"))
            return False
        self._logged_in = True
        self._mask = _mask(ask.get("events", "on"))
        self._writer.write(success(me, "Authentication accepted"))
        booted = [("Uptime", "1"), ("LastReload", "1"), ("Status", "Fully Booted")]
        self.hear("system", blocks.event("FullyBooted", "system", booted))
        return True

    def _ping(self, ask: Ask, me: str | None) -> list[bytes]:
        return [reply(me, "Success", [("Ping", "Pong"), ("Timestamp", f"{self._stage.board.clock():.6f}")])]

    def _events(self, ask: Ask, me: str | None) -> list[bytes]:
        self._mask = _mask(ask.get("eventmask", "on"))
        return [reply(me, "Success", [("Events", "Off" if self._mask == frozenset() else "On")])]

    def _settings(self, ask: Ask, me: str | None) -> list[bytes]:
        return [reply(me, "Success", [("AMIversion", "11.0.0"), ("AsteriskVersion", "22 (textback demo)")])]

    def _channels(self, ask: Ask, me: str | None) -> list[bytes]:
        board = self._stage.board
        items = [with_id(each.listed(board.clock()), me, at=1) for each in board.channels.values()]
        return listing(me, "Channels will follow", items, "CoreShowChannelsComplete")

    def _queues(self, ask: Ask, me: str | None) -> list[bytes]:
        items = [with_id(item, me) for item in self._stage.room.status(ask.get("queue"))]
        return listing(me, "Queue status will follow", items, "QueueStatusComplete")

    def _status(self, ask: Ask, me: str | None) -> list[bytes]:
        board, only = self._stage.board, ask.get("channel", "")
        channels = [each for each in board.channels.values() if only in ("", each.name)]
        if only and not channels:
            return [error(me, "No such channel")]
        variables = [name for name in ask.get("variables", "").split(",") if name]
        items = [with_id(each.status(board.clock(), variables), me) for each in channels]
        return listing(me, "Channel status will follow", items, "StatusComplete")


def _mask(wanted: str) -> frozenset[str] | None:
    """The classes that a client wants to hear: None is all of them."""
    word = wanted.strip().lower()
    if word in ("on", "yes", "true", "all", "1"):
        return None
    return frozenset() if word in ("off", "no", "false", "none", "0") else frozenset(word.split(","))
