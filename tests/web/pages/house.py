"""The whole site before a browser, with two practices, their staff, and what a test puts into the database."""

from __future__ import annotations

import asyncio
import itertools
import logging
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Engine, Table, insert, select

from tests.practices import document
from tests.web.browser import HASH, HASHER, NOW, Browser, Time, Visited, fields
from tests.web.visitor import LOG, Answer, site
from textback.book import PracticeBook
from textback.complaints import Complaints
from textback.health import Health
from textback.model import Role
from textback.passwords import Passwords
from textback.sms.console import Console
from textback.store import accounts, practices
from textback.store.reader import Reader
from textback.store.staff_tables import audit
from textback.store.tables import calls, contacts, conversations, messages
from textback.store.writer import Writer
from textback.web.access import Access
from textback.web.durable import Durable
from textback.web.monitors import Monitors
from textback.web.pages.live import Live
from textback.web.pages.office import Office
from textback.web.pages.site import Site
from textback.web.places import Places

T = TypeVar("T")

#: seconds between two looks of the live updates, and between two signs of life
LOOK, BEAT = 0.01, 0.05
LINE, GROVE_LINE = "+12025550100", "+12025550180"
ANN, BOB = "+12025550111", "+12025550122"
RIVERSIDE: dict[str, Any] = {
    "line": [{"name": "Front desk", "number": LINE}],
    "quick_response": [
        {"title": "DOB", "text": {"en": "May I have the date of birth, {first_name|please}?", "es": "¿Nacimiento?"}},
        {"title": "Insurance", "text": {"en": "Which insurance?"}},
    ],
}
GROVE: dict[str, Any] = {
    "practice__name": "Grove",
    "practice__default": False,
    "practice__timezone": "America/New_York",
    "line": [{"name": "Desk", "number": GROVE_LINE}],
}
STAFF = (
    ("dana", Role.MANAGER, ["Riverside"]),
    ("kim", Role.STAFF, ["Riverside"]),
    ("gus", Role.STAFF, ["Grove"]),
    ("ada", Role.ADMIN, []),
)
_serial = itertools.count(1)


@dataclass
class House(Visited):
    """The site that is served. ``nudged``: how often it was told that a text waits to leave."""

    live: Live
    runner: asyncio.Runner
    nudged: list[None] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What asynchronous work gives."""
        return self.runner.run(work)

    def somebody(self, name: str = "dana") -> Somebody:
        """One of the staff, signed in."""
        browser = self.browser()
        assert self.run(browser.sign_in(name)).status == 303
        return Somebody(self, browser, self.run(browser.csrf()))

    def employ(self, name: str, role: Role, of: list[str]) -> None:
        """Let somebody sign in."""
        given: dict[str, Any] = {"full_name": f"{name.title()} Full", "role": role, "practices_of_theirs": of}
        self.change(accounts.add, name, password_hash=HASH, by="test", now=NOW, **given)

    def stranger(self) -> Somebody:
        """Nobody who is signed in."""
        return Somebody(self, self.browser(), "")

    def want(self, *documents: dict[str, Any]) -> None:
        """These are practices from now on."""
        with self.engine.begin() as connection:
            for changes in documents:
                made = document(**changes)
                practices.put(connection, made["practice"]["name"], made, "test", NOW + next(_serial))

    def put(self, table: Table, **row: Any) -> Any:
        """A row; gives its id."""
        with self.engine.begin() as connection:
            return (connection.execute(insert(table), row).inserted_primary_key or (0,))[0]

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """All rows of a table."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]

    def contact(self, number: str = ANN, practice: str = "Riverside", **changes: Any) -> int:
        row = {"first_name": "Ann", "last_name": "Lee", "kind": "patient", "verified": True, "created_at": NOW}
        return int(self.put(contacts, **(row | {"practice": practice, "number": number} | changes)))

    def talk(self, number: str = ANN, practice: str = "Riverside", **changes: Any) -> int:
        """A conversation with an open tile that waits."""
        line = LINE if practice == "Riverside" else GROVE_LINE
        times = dict.fromkeys(("last_message_at", "last_reply_at", "unread_since", "waiting_since"), NOW - 60)
        row = {"practice": practice, "line": line, "number": number, "created_at": NOW - 90, "state": "open"}
        return int(self.put(conversations, **(row | times | changes)))

    def text(self, talk: int, body: str = "Hello", at: float = NOW - 60, **changes: Any) -> str:
        """A text that came in; with ``direction="out"`` one of ours."""
        ours = changes.get("direction") == "out"
        ends = {"from_number": LINE if ours else ANN, "to_number": ANN if ours else LINE}
        row = {"id": str(uuid.uuid4()), "conversation_id": talk, "practice": "Riverside", "body": body, "segments": 1}
        row |= {"encoding": "GSM-7", "attempts": 0, "priority": 0, "created_at": at, "due_at": at, "direction": "in"}
        return str(self.put(messages, **(row | ends | {"status": "sent" if ours else "received"} | changes)))

    def call(self, at: float = NOW - 300, **changes: Any) -> str:
        """A missed call of Ann's, who was not texted."""
        row: dict[str, Any] = {"id": f"main/{next(_serial):08}.1", "pbx": "main", "practice": "Riverside"}
        row |= {"caller": ANN, "started_at": at, "ended_at": at + 30, "disposition": "missed", "voicemail": False}
        row |= {"did": "+12025550199", "backfilled": False, "verdict": "skip", "reason": "cooldown"}
        row |= {"why": "skip: had an automatic text 1 h ago", "needs_since": at, "story": [[at, "called"]]} | changes
        return str(self.put(calls, **(row | {"caller_tail": (row["caller"] or "")[-4:] or None})))

    def trail(self, *but: str) -> list[tuple[str, str]]:
        """Who did what, in order, but for signing in."""
        rows = sorted(self.rows(audit), key=lambda row: int(row["id"]))
        return [(row["who"], row["action"]) for row in rows if row["action"] not in ("signed_in", *but)]


@dataclass
class Somebody:
    """Somebody before a browser; what they post holds their token."""

    house: House
    browser: Browser
    csrf: str

    def get(self, target: str, **headers: str | None) -> Answer:
        return self.house.run(self.browser.get(target, **headers))

    def post(self, target: str, headers: dict[str, str | None] | None = None, **form: str) -> Answer:
        return self.house.run(self.browser.post(target, {"csrf": self.csrf} | form, **(headers or {})))

    def form(self, target: str) -> dict[str, str]:
        """The hidden fields of a page."""
        return fields(self.get(target))


@contextmanager
def house(engine: Engine, **options: Any) -> Iterator[House]:
    """The site of a database, for tests that wait for each answer."""
    with asyncio.Runner() as runner:
        serving = served(engine, runner, **options)
        made = runner.run(serving.__aenter__())
        try:
            made.want(RIVERSIDE, GROVE)
            for name, role, of in STAFF:
                made.employ(name, role, of)
            yield made
        finally:
            runner.run(serving.__aexit__(None, None, None))


async def _scrape(accept: str) -> tuple[bytes, str]:
    return b"", "text/plain"


@asynccontextmanager
async def served(
    engine: Engine, runner: asyncio.Runner, log: logging.Logger = LOG, **options: Any
) -> AsyncIterator[House]:
    """The same, with the loop of somebody else."""
    time, passwords, nudged = Time(), Passwords(HASHER), list[None]()
    writer, reader = Writer(engine, log, clock=time), Reader(engine)
    complaints, places = Complaints(log, time), Places(("127.0.0.1", 0))
    access = Access(reader, writer, Durable(complaints, log), time, "a secret of the test", places.is_secure)
    live: Live = Live(access.look, soon=LOOK, late=LOOK, heartbeat=BEAT)
    writer.on_commit = live.stir
    office = Office(access, PracticeBook(), Console(), live, lambda: nudged.append(None))
    monitors = Monitors(lambda: Health(time.now), complaints, _scrape)
    app = Site(office, places, passwords, complaints, monitors).app()
    stop = asyncio.Event()
    looking = asyncio.create_task(live.run(stop))
    writer.start()
    try:
        async with site(app, **options) as there:
            yield House(there, app, engine, time, access, passwords, False, live, runner, nudged)
            stop.set()
            await looking
    finally:
        passwords.close()
        reader.close()
        writer.stop()
