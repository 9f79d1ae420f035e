"""A small scripted FreeSWITCH that speaks inbound ESL as recorded ones do, and does on demand what goes wrong."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.pbx.esl_messages import CORE, Headers, raw
from tests.pbx.fake_asterisk import until
from textback.pbx.esl_event import PlainEvent
from textback.pbx.esl_frames import Frames

PASSWORD = "labsecret"
AUTH_REQUEST = b"Content-Type: auth/request\n\n"
GOODBYE = (
    b"Content-Type: text/disconnect-notice\nContent-Length: 67\n\n"
    b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
)
SHUTDOWN = b"Content-Type: text/disconnect-notice\nContent-Length: 31\n\nThe system is being shut down.\n"
REJECTION = b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n"

Answer = Callable[[str], bytes | None]


class FakeFreeswitch:
    """What it heard, and how it answers.

    ``answers``: by the first word of a command (of an API command: ``api`` and its first word), the bytes to send
    instead of the usual ones (None: nothing at all), given the whole command. ``channels``, ``calls``, ``dumps`` and
    ``members`` are what its lists tell; ``apis`` are the texts that other API commands answer.
    """

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[str] = []
        self.connections = 0
        self.core = CORE
        self.greeting = AUTH_REQUEST
        self.answers: dict[str, Answer] = {}
        self.channels: list[Headers] = []
        self.calls: list[Headers] = []
        self.dumps: dict[str, Mapping[str, Any]] = {}
        self.members: list[Headers] = []
        self.queues: list[Headers] = []
        self.apis: dict[str, str] = {}
        self.subscribed: frozenset[str] = frozenset()
        self.filters: set[tuple[str, str]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return len(self._writers)

    def commands(self, begin: str = "") -> list[str]:
        """The commands that came and begin so."""
        return [command for command in self.heard if command.startswith(begin)]

    def send(self, *events: Headers | bytes) -> None:
        """Something happens on the PBX: tell everybody who is connected, whatever they have asked for."""
        for writer in self._writers:
            writer.write(b"".join(one if isinstance(one, bytes) else raw(one) for one in events))

    def play(self, recording: bytes) -> int:
        """What a recording holds, as far as it is subscribed to and passes the filters; returns how many events."""
        bodies = [body for kind, _, body in Frames().feed(recording) if kind == b"text/event-plain"]
        wanted = [body for body in bodies if self.passes(PlainEvent(body))]
        self.send(*(b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(b), b) for b in wanted))
        return len(wanted)

    def passes(self, event: PlainEvent) -> bool:
        """mod_event_socket: an event of a name (or subclass) that was asked for, and, of any header, a filter fits."""
        name = event.get("Event-Name")
        if (event.get("Event-Subclass") if name == "CUSTOM" else name) not in self.subscribed:
            return False
        return not self.filters or any(event.get(header) == value for header, value in self.filters)

    def drop(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        self.subscribed, self.filters = frozenset(), set()
        try:
            writer.write(self.greeting)
            while True:
                command = (await reader.readuntil(b"\n\n")).decode().strip()
                self.hear(command, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side has gone, as it may
        finally:
            self._writers.remove(writer)
            writer.close()

    def hear(self, command: str, writer: asyncio.StreamWriter) -> None:
        self.heard.append(command)
        words = command.split()
        key = " ".join(words[:2]) if words[0] == "api" else words[0]
        answer = self.answers[key](command) if key in self.answers else self._usual(command, words)
        if answer is not None:
            writer.write(answer)
        if answer is not None and answer.endswith(GOODBYE):
            writer.close()

    def _usual(self, command: str, words: list[str]) -> bytes:
        if words[0] == "auth":
            return reply("+OK accepted") if words[1:] == [PASSWORD] else reply("-ERR invalid") + GOODBYE
        if words[0] == "filter":
            if words[1] == "delete":
                self.filters.clear()
                return reply("+OK filter deleted. [all]")
            self.filters.add((words[1], words[2]))
            return reply(f"+OK filter added. [{words[1]}]=[{words[2]}]")
        if words[0] == "event":
            self.subscribed = frozenset(words[2:])
            return reply("+OK event listener enabled plain")
        if words[0] == "api":
            return api(self._api(command[4:], words[1:]))
        return reply("+OK bye") + GOODBYE if words[0] == "exit" else reply("-ERR command not found")

    def _api(self, command: str, words: list[str]) -> str:
        if command == "show channels as json":
            return listed(self.channels)
        if command == "show bridged_calls as json":
            return listed(self.calls)
        if command == "global_getvar core_uuid":
            return self.core
        if words[0] == "uuid_dump":
            found = self.dumps.get(words[1])
            return json.dumps(found) if found is not None else "-ERR No such channel!\n"
        if words[0] == "json":
            return self._json(json.loads(command.partition(" ")[2]))
        return self.apis.get(command) or self.apis.get(words[0]) or f"-ERR {words[0]} Command not found!\n"

    def _json(self, asked: dict[str, Any]) -> str:
        data = asked["data"]
        if data["arguments"] == "queue list":
            found: Iterable[Headers] = self.queues
        else:
            found = [one for one in self.members if one["queue"] == data["queue_name"]]
        return json.dumps({**asked, "status": "success", "response": list(found)}) + "\n"


def reply(text: str) -> bytes:
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def api(text: str) -> bytes:
    body = text.encode()
    return b"Content-Type: api/response\nContent-Length: %d\n\n%s" % (len(body), body)


def listed(rows: list[Headers]) -> str:
    """``show … as json``; without any rows there is no list of them."""
    return json.dumps({"row_count": len(rows)} | ({"rows": rows} if rows else {}), separators=(",", ":"))


#: bytes; FreeSWITCH itself takes no longer commands
LONGEST = 8 * 1024 * 1024


@asynccontextmanager
async def fake_freeswitch(tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeFreeswitch]:
    pbx = FakeFreeswitch()
    server = await asyncio.start_server(pbx.serve, "127.0.0.1", 0, limit=LONGEST, ssl=tls)
    pbx.port = server.sockets[0].getsockname()[1]
    try:
        yield pbx
    finally:
        server.close()
        pbx.drop()
        await until(lambda: pbx.open == 0)
