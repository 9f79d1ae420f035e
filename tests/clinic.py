"""The whole daemon in a thread of its own, with its simulated PBX and Twilio's stand-in, for tests that wait for it."""

from __future__ import annotations

import asyncio
import itertools
import threading
import uuid
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Table, insert

from tests.test_replies import WEBHOOKS, inbound, post
from tests.web.browser import HASH, PASSWORD
from tests.world import World, until, world
from textback.app import App
from textback.demo.queue_calls import waits_and_gives_up
from textback.model import Role
from textback.store import accounts
from textback.store.engine import open_engine
from textback.store.tables import contacts, conversations, messages

T = TypeVar("T")

__all__ = ["ANN", "PASSWORD", "Clinic", "open_clinic"]

#: seconds of real time that any one thing may take
PATIENCE = 30.0
#: what the simulated trunk sends, and how it is stored
ANN, LINE, GROVE_LINE = "12025550143", "+12025550100", "+12025550180"
RIVERSIDE: dict[str, Any] = {
    "quick_response": [
        {"title": "DOB Request", "text": {"en": "May I have the date of birth, {first_name|please}?"}},
        {"title": "Insurance", "text": {"en": "Which insurance do you have?"}},
    ],
}
GROVE: dict[str, Any] = {
    "practice__name": "Grove",
    "practice__default": False,
    "line": [{"name": "Desk", "number": GROVE_LINE, "main_number": "+12025550198", "dids": ["+12025550198"]}],
}
STAFF = (
    ("dana", "Dana Scott", Role.MANAGER, ["Riverside"]),
    ("kim", "Kim Park", Role.STAFF, ["Riverside"]),
    ("gus", "Gus Grove", Role.STAFF, ["Grove"]),
    ("ada", "Ada Admin", Role.ADMIN, []),
)
_serial = itertools.count(1)


@dataclass
class Clinic:
    """What a test plays with, from its own thread; ``address`` is where the pages are."""

    loop: asyncio.AbstractEventLoop
    world: World
    app: App
    address: str = ""
    serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What asynchronous work gives, done in the thread of the daemon."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def gives_up(self, number: str = ANN) -> None:
        """Somebody calls, gives up on hold, and has got a text by then."""
        before = len(self.world.texts())

        async def story() -> None:
            await self.world.call(waits_and_gives_up(20.0), number)
            self.world.now += 15
            await until(lambda: [text["status"] for text in self.world.texts()[before:]] == ["sent"])

        self.run(story())

    def rings(self, number: str = ANN) -> None:
        """Somebody calls, and it is in the log; whether they get a text is not waited for."""
        before = len(self.world.log())

        async def story() -> None:
            await self.world.call(waits_and_gives_up(20.0), number)
            await until(lambda: len(self.world.log()) > before)

        self.run(story())

    def writes(self, body: str, number: str = ANN) -> None:
        """Somebody writes to the line, as Twilio posts it."""
        self.world.now += 1
        form = inbound(body, sid=f"SMee{next(self.serial):030x}", From=f"+{number}", To=LINE)
        assert self.run(post(self.app, "/twilio/sms", form)) == 200

    def sent(self) -> list[str]:
        """What has reached Twilio."""
        return [request.form.get("Body", "") for request in self.world.twilio.posts]

    def until_sent(self, body: str) -> None:
        """Let time pass until that text has reached Twilio."""

        def is_there() -> bool:
            self.world.now += 0.01
            return body in self.sent()

        async def story() -> None:
            await until(is_there)

        self.run(story())

    def put(self, table: Table, **row: Any) -> int:
        """A row, as if it had been there before."""
        engine = open_engine(self.world.url)
        with engine.begin() as connection:
            (key,) = connection.execute(insert(table), row).inserted_primary_key or (0,)
        engine.dispose()
        return key if isinstance(key, int) else 0

    def knows(self, number: str = ANN, **changes: Any) -> int:
        """A patient of Riverside."""
        row = {"practice": "Riverside", "number": f"+{number}", "first_name": "Ann", "last_name": "Lee"}
        return self.put(
            contacts, **(row | {"kind": "patient", "verified": True, "created_at": self.world.now} | changes)
        )

    def talked(self, number: str, body: str, ago: float = 600.0) -> int:
        """Somebody has written, and waits."""
        at = self.world.now - ago
        times = dict.fromkeys(("created_at", "last_message_at", "last_reply_at", "unread_since", "waiting_since"), at)
        row = {"practice": "Riverside", "line": LINE, "number": f"+{number}", "state": "open"}
        talk = self.put(conversations, **(row | times))
        text = {
            "id": str(uuid.uuid4()),
            "conversation_id": talk,
            "practice": "Riverside",
            "direction": "in",
            "body": body,
        }
        text |= {
            "to_number": LINE,
            "from_number": f"+{number}",
            "segments": 1,
            "encoding": "GSM-7",
            "status": "received",
        }
        self.put(messages, **(text | {"attempts": 0, "priority": 0, "created_at": at, "due_at": at}))
        return talk


@contextmanager
def open_clinic(folder: Path) -> Iterator[Clinic]:
    """The daemon, from its start to an orderly end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened: asyncio.Future[Clinic] = loop.create_future()
    over = asyncio.Event()
    serving = asyncio.run_coroutine_threadsafe(_serve(folder, loop, opened, over), loop)
    try:
        yield asyncio.run_coroutine_threadsafe(_first(opened, serving), loop).result(PATIENCE)
    finally:
        loop.call_soon_threadsafe(over.set)
        serving.result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


async def _first(opened: asyncio.Future[Clinic], serving: Any) -> Clinic:
    """The clinic, or why there is none."""
    await until(lambda: opened.done() or serving.done())
    return opened.result() if opened.done() else serving.result()


async def _serve(
    folder: Path, loop: asyncio.AbstractEventLoop, opened: asyncio.Future[Clinic], over: asyncio.Event
) -> None:
    async with world(folder) as there:
        there.tables = WEBHOOKS
        there.want(**RIVERSIDE)
        there.want(**GROVE)
        engine = open_engine(there.url)
        with engine.begin() as connection:
            for name, full_name, role, of in STAFF:
                given: dict[str, Any] = {"full_name": full_name, "role": role, "practices_of_theirs": of}
                accounts.add(connection, name, password_hash=HASH, by="test", now=there.now, **given)
        engine.dispose()
        async with there.daemon() as app:
            await until(lambda: {"http", "webhooks"} <= app.listening.keys())
            host, port = app.listening["http"]
            opened.set_result(Clinic(loop, there, app, f"http://{host}:{port}"))
            await over.wait()
