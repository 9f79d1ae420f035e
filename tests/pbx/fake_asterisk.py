"""A small scripted AMI server: it logs in who has the secret, answers lists, and does on demand what goes wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.pbx.messages import raw
from textback.pbx.wire import Headers

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
SECRET = "labsecret"
#: Real seconds after which what never comes fails the test.
PATIENCE = 10.0

Rows = Callable[[str], list[Headers]]


class FakeAsterisk:
    """What it heard, and how it answers: each of the ``on_…`` may be replaced.

    ``answers``: by action, the bytes to send instead of the usual answer (None: nothing at all), given the ActionID.
    ``rows``: by list action, its items, given the ActionID.
    """

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[Headers] = []
        self.connections = 0
        self.answers: dict[str, Callable[[str], bytes | None]] = {}
        self.rows: dict[str, Rows] = {}
        self.banner = BANNER
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return len(self._writers)

    def actions(self, name: str = "") -> list[str]:
        """The names of the actions that came, or the ActionIDs of one of them."""
        return [one["ActionID"] if name else one["Action"] for one in self.heard if one["Action"] == name or not name]

    def send(self, *messages: Headers | bytes) -> None:
        """Something happens on the PBX: tell everybody who is connected."""
        for writer in self._writers:
            writer.write(b"".join(one if isinstance(one, bytes) else raw(one) for one in messages))

    def drop(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            writer.write(self.banner)
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                lines = block.decode().strip().split("\r\n")
                self.hear(dict(line.split(": ", 1) for line in lines), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side has gone, as it may
        finally:
            self._writers.remove(writer)
            writer.close()

    def hear(self, action: Headers, writer: asyncio.StreamWriter) -> None:
        self.heard.append(action)
        name, action_id = action["Action"], action["ActionID"]
        answer = self.answers[name](action_id) if name in self.answers else self._usual(action)
        if answer is not None:
            writer.write(answer)

    def _usual(self, action: Headers) -> bytes:
        name, action_id = action["Action"], action["ActionID"]
        if name == "Login":
            return success(action_id) if action["Secret"] == SECRET else error(action_id, "Authentication failed")
        if name in ("CoreShowChannels", "Status", "QueueStatus", "BridgeList"):
            return listed(name, action_id, self.rows.get(name, lambda _: [])(action_id))
        return success(action_id)


def success(action_id: str, **more: str) -> bytes:
    return raw({"Response": "Success", "ActionID": action_id, **more})


def error(action_id: str, message: str) -> bytes:
    return raw({"Response": "Error", "ActionID": action_id, "Message": message})


def listed(name: str, action_id: str, rows: list[Headers]) -> bytes:
    """The answer to a list action, whole."""
    end = {"Event": f"{name}Complete", "ActionID": action_id, "EventList": "Complete", "ListItems": str(len(rows))}
    first = success(action_id, EventList="start", Message=f"{name} will follow")
    return first + b"".join(map(raw, rows)) + raw(end)


@asynccontextmanager
async def fake_asterisk(tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeAsterisk]:
    pbx = FakeAsterisk()
    server = await asyncio.start_server(pbx.serve, "127.0.0.1", 0, ssl=tls)
    pbx.port = server.sockets[0].getsockname()[1]
    try:
        yield pbx
    finally:
        server.close()
        pbx.drop()
        await until(lambda: pbx.open == 0)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until ``condition`` holds; fails if it never does."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)
