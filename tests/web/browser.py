"""A browser before the pages, on a real socket: it keeps cookies, and says where its forms come from."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from argon2 import PasswordHasher
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from textback.book import PracticeBook
from textback.complaints import Complaints
from textback.model import Role
from textback.passwords import Passwords
from textback.sms.console import Console
from textback.store import accounts, practices
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.web.access import Access
from textback.web.account import AccountPage
from textback.web.durable import Durable
from textback.web.front import front
from textback.web.pages.live import Live
from textback.web.pages.office import Office
from textback.web.pages.site import Site
from textback.web.places import Places
from textback.web.sign_in import SignIn

from .visitor import LOG, Answer
from .visitor import Site as Listener
from .visitor import site

NOW = 1_795_262_400.0  # 2026-11-21 12:00:00 UTC
PASSWORD = "four unrelated words"
#: as quick as argon2 can be
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = HASHER.hash(PASSWORD)
PUBLIC = "https://text.clinic.example"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"

Build = Callable[[Access, Places, Passwords, Complaints], Starlette]
_FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass
class Time:
    """The time, as a test has it."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Visited:
    """The pages that are served, and what is behind them."""

    site: Listener
    app: Starlette
    engine: Engine
    time: Time
    access: Access
    passwords: Passwords
    public: bool

    def browser(self, **changes: Any) -> Browser:
        return Browser(self, **changes)

    def change(self, job: Any, *given: Any, **named: Any) -> Any:
        """Do something in the database."""
        with self.engine.begin() as connection:
            return job(connection, *given, **named)


@dataclass
class Browser:
    """``address``: from where, as a proxy tells it; ``host``: what it asks for, if not for the right one."""

    there: Visited
    address: str | None = None
    agent: str = FIREFOX
    cookies: dict[str, str] = field(default_factory=dict)
    #: each ``Set-Cookie`` of the last answer
    said: list[str] = field(default_factory=list)
    host: str | None = None

    @property
    def _host(self) -> str:
        usual = "text.clinic.example" if self.there.public else f"127.0.0.1:{self.there.site.port}"
        return self.host or usual

    @property
    def origin(self) -> str:
        return PUBLIC if self.there.public else f"http://{self._host}"

    async def ask(self, method: str, target: str, body: bytes | None = None, **headers: str | None) -> Answer:
        """A request with what a browser says; ``headers`` (underscores for dashes) change it, None leaves one out."""
        told: dict[str, str | None] = {"Host": self._host, "User-Agent": self.agent, "X-Forwarded-For": self.address}
        told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items()) or None
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in told.items() if value is not None}
        answer = await self.there.site.ask(method, target, sent, body)
        self._keep(answer)
        return answer

    async def get(self, target: str, **headers: str | None) -> Answer:
        return await self.ask("GET", target, **headers)

    async def post(self, target: str, form: Any, **headers: str | None) -> Answer:
        usual = {"Content_Type": "application/x-www-form-urlencoded", "Origin": self.origin}
        return await self.ask("POST", target, urlencode(form).encode(), **(usual | headers))

    async def sign_in(self, name: str = "kim", password: str = PASSWORD, target: str = "/", **headers: Any) -> Answer:
        """Open the sign-in page, fill in its form and send it."""
        form = fields(await self.get(f"/sign-in?{urlencode({'next': target})}"))
        return await self.post("/sign-in", form | {"name": name, "password": password}, **headers)

    async def csrf(self) -> str:
        """What the forms of a page hold."""
        return fields(await self.get("/account"))["csrf"]

    def _keep(self, answer: Answer) -> None:
        self.said = answer.cookies
        for one in self.said:
            for name, morsel in SimpleCookie(one).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


def fields(answer: Answer) -> dict[str, str]:
    """The hidden fields of the first forms on a page."""
    return {name: html.unescape(value) for name, value in _FIELD.findall(answer.body)}


def employ(engine: Engine, name: str = "kim", role: Role = Role.STAFF, of: Iterable[str] = ("Clinic",)) -> int:
    """Somebody with ``PASSWORD``, and the practice that they are of."""
    with engine.begin() as connection:
        for practice in of:
            practices.put(connection, practice, {"line": []}, "test", 0.0)
        return accounts.add(
            connection,
            name,
            full_name=name.title(),
            role=role,
            practices_of_theirs=list(of),
            password_hash=HASH,
            by="test",
            now=NOW,
        )


def whole(access: Access, places: Places, passwords: Passwords, complaints: Complaints) -> Starlette:
    """The app with all of its pages."""
    office = Office(access, PracticeBook(), Console(), Live(access.look))
    return Site(office, places, passwords, complaints).app()


@asynccontextmanager
async def pages(
    engine: Engine, *routes: BaseRoute, public: bool = False, build: Build | None = None
) -> AsyncIterator[Visited]:
    """The sign-in page and one's own account, with these besides, or the app that is built.

    ``public``: behind a proxy that speaks HTTPS.
    """
    time, passwords = Time(), Passwords(HASHER)
    writer, reader = Writer(engine, LOG, clock=time), Reader(engine)
    complaints = Complaints(LOG, time)
    places = Places(("127.0.0.1", 0), PUBLIC if public else None)
    access = Access(reader, writer, Durable(complaints, LOG), time, "a secret of the test", places.is_secure)
    ours = (SignIn(access, passwords, complaints).routes(), AccountPage(access, passwords).routes())
    writer.start()
    try:
        plain = front(access, places, complaints, *ours, routes)
        app = build(access, places, passwords, complaints) if build else plain
        async with site(app) as there:
            yield Visited(there, app, engine, time, access, passwords, public)
    finally:
        passwords.close()
        reader.close()
        writer.stop()
