"""A simulated PBX, the whole daemon, and Twilio's stand-in, on one clock that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.practices import document, practice
from tests.sms.fake_twilio import Answer, FakeTwilio, fake_twilio, page, reply, resource
from textback import config
from textback.app import App
from textback.demo.simulator import Simulator
from textback.demo.stage import Script, Step
from textback.pbx.link import Link
from textback.pbx.patience import Patience
from textback.store import calls, messages, migrations, practices
from textback.store.engine import open_engine, reading

T0 = 1_800_014_400.0
#: seconds of real time after which something that never comes fails the test
PATIENCE = 30.0

HASTY = Patience(first_delay=0.01, longest_delay=0.01)

CONFIG = """
[database]
url = "{database}"
[http]
listen = "127.0.0.1:0"
{tables}
[[pbx]]
name = "main"
kind = "asterisk"
host = "127.0.0.1"
port = {port}
username = "textback"
secret = "{secret}"
trunks = ["PJSIP/trunk-*"]
inbound_contexts = ["from-trunk"]
{records}
[sms]
provider = "twilio"
rate = 1000.0
{sms}
[sms.twilio]
account_sid = "AC00000000000000000000000000000000"
auth_token = "token"
api_base = "{twilio}"
"""


@dataclass
class World:
    """What a test plays with; ``secret`` is what the daemon says to the PBX."""

    folder: Path
    twilio: FakeTwilio
    #: of the database; "" is a SQLite file in the folder
    url: str = ""
    secret: str = "demo"
    #: more tables of textback.toml, and more lines of its [sms]
    tables: str = ""
    sms: str = ""
    now: float = T0
    sent: int = 0
    heard_before: int = 0
    #: cleared, it keeps time from passing on the PBX
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    apps: list[App] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()
        self.pbx = Simulator(clock=lambda: self.now, sleep=self.sleep, callers=())
        self.pbx.stage.board.listeners.append(lambda privilege, block: self._count())
        self.queue_log = self.folder / "queue_log"
        self.url = self.url or f"sqlite:///{self.folder / 'textback.db'}"
        engine = open_engine(self.url)
        migrations.upgrade(engine)
        engine.dispose()
        self.want()

    def _count(self) -> None:
        self.sent += 1

    def want(self, **changes: Any) -> None:
        """Apply the practice, changed."""
        engine = open_engine(self.url)
        with engine.begin() as connection:
            practices.put(connection, practice(**changes).name, document(**changes), "test", T0)
        engine.dispose()

    async def sleep(self, seconds: float) -> None:
        """Let time pass on the PBX, once the daemon has heard what happened until now."""
        await self.gate.wait()
        await self.heard()
        self.now += seconds

    async def heard(self) -> None:
        """Wait until the daemon has read every event that the PBX sent."""
        links = self._links()
        await until(lambda: all(not link.is_up or link.events - self.heard_before >= self.sent for link in links))

    def _links(self) -> list[Link]:
        """The links to the simulated PBX; the daemon may follow another one, too."""
        return [link for app in self.apps for name, link in app.links.items() if name == "main"]

    async def call(self, step: Step, number: str = "12025550143") -> None:
        """One caller's visit, from the beginning to the end."""
        await self.pbx.play(Script(number, "Doe, Jane", "15551230100", (step,)))
        await self.heard()

    @asynccontextmanager
    async def daemon(self, until_up: bool = True) -> AsyncIterator[App]:
        """The daemon, from its start to an orderly stop."""
        path = self.folder / "textback.toml"
        port = self.pbx_port
        records = f'queue_log = "{self.queue_log}"' if self.queue_log.exists() else ""
        filled = {"database": self.url, "port": port, "secret": self.secret, "twilio": self.twilio.url}
        filled |= {"tables": self.tables, "sms": self.sms}
        path.write_text(CONFIG.format(records=records, **filled))
        app = App(config.load(path), clock=lambda: self.now, tick=0.001, patience=HASTY)
        stop = asyncio.Event()
        self.apps = [*self.apps, app]
        running = asyncio.create_task(app.run(stop))
        try:
            if until_up:
                await until(lambda: running.done() or any(link.is_up for link in app.links.values()))
            self.note_heard()
            yield app
        finally:
            self.apps.remove(app)
            stop.set()
            await running

    def note_heard(self) -> None:
        """Count the events from here on."""
        self.sent, self.heard_before = 0, sum(link.events for link in self._links())

    async def start_pbx(self) -> None:
        self.pbx_port = await self.pbx.start()

    async def start_pbx_again(self) -> None:
        """The same PBX, on the same port."""
        self.pbx._address = ("127.0.0.1", self.pbx_port)
        await self.pbx.start()

    def log(self) -> list[dict[str, Any]]:
        """``calls list --json``, oldest first."""
        engine = open_engine(self.url)
        with reading(engine) as connection:
            rows = calls.listing(connection, limit=0)[::-1]
        engine.dispose()
        return rows

    def texts(self) -> list[dict[str, Any]]:
        """``messages list --json``, oldest first."""
        engine = open_engine(self.url)
        with reading(engine) as connection:
            rows = messages.listing(connection, limit=0)[::-1]
        engine.dispose()
        return rows


async def until(condition: Any) -> None:
    """Let the loop turn until ``condition`` holds; fails if it never does."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def world(folder: Path, answer: Answer | None = None, url: str = "") -> AsyncIterator[World]:
    """A PBX and a Twilio that accepts; the daemon is started by the test."""
    async with fake_twilio(answer or accept()) as twilio:
        made = World(folder, twilio, url)
        await made.start_pbx()
        try:
            yield made
        finally:
            await made.pbx.stop()


def accept() -> Answer:
    """201 for every text, each with an SID of its own; the lists are empty."""
    serial = iter(range(1, 10_000))

    async def answer(server: FakeTwilio, request: Any, writer: asyncio.StreamWriter) -> None:
        if request and request.method == "GET":
            return await page()(server, request, writer)
        form = request.form if request else {}
        made = resource(sid=f"SM{next(serial):032x}", to=form.get("To"), body=form.get("Body"))
        await reply(201, made)(server, request, writer)

    return answer
