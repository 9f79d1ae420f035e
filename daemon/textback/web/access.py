"""Who asks for a page, and whether they may: what the pages ask before they show or do anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from textback.clock import Clock
from textback.model import Role, Staff
from textback.store import sessions
from textback.store.engine import StoreError
from textback.store.reader import Reader
from textback.store.sessions import Session
from textback.store.writer import Writer
from textback.web.cookies import Cookies
from textback.web.durable import Durable
from textback.web.forms import MOST_FIELDS, Form, read_form
from textback.web.places import SIGN_IN
from textback.web.seals import Seals

T = TypeVar("T")

#: Seconds that a look into the database may take before somebody is told that it does not answer.
PATIENCE = 10.0
#: What is for everybody, or for machines, and must work while the database does not.
OPEN_TO_ALL = ("/static/", "/healthz", "/metrics")
STALE = "This page was open for too long, or came from elsewhere. Nothing was done. Reload the page and try again."
SIGNED_OUT = "You are signed out. Nothing was done. Sign in again (in another tab, to keep what you wrote)."
_ORDER = (Role.STAFF, Role.MANAGER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in: who, in which session, and the token that their forms must bring."""

    staff: Staff
    session: Session
    csrf: str


class Access:
    """Tells from the cookie who somebody is. ``secure``: browsers come by HTTPS, so that cookies never go without."""

    def __init__(
        self, reader: Reader, writer: Writer, durable: Durable, clock: Clock, secret: str, secure: bool
    ) -> None:
        self._reader, self._writer, self._durable = reader, writer, durable
        self.clock, self.seals, self.secure = clock, Seals(secret), secure
        self.cookies = Cookies(self.seals, secure)

    async def visit(self, request: HTTPConnection) -> Visit | None:
        """Who asks, as it is now; a forged cookie costs no look. Raises ``StoreError``, and what the database does."""
        token = self.cookies.token_of(request)
        if token is None:
            return None
        found = await self.look(partial(sessions.find, token=token, now=self.clock()))
        return None if found is None else Visit(found[1], found[0], self.csrf_for(found[0]))

    def csrf_for(self, session: Session) -> str:
        """What the forms of a session bring: only a page of ours can hold it."""
        return self.seals.mark("csrf", session.hash)

    async def look(self, look: Callable[[Connection], T]) -> T:
        """Look into the database; raises ``StoreError`` if it takes too long, and what the database raises."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._reader(look)
        except TimeoutError:
            raise StoreError("the database did not answer in time", temporary=True) from None

    async def write(self, job: Callable[[Connection], T]) -> T:
        """Write and commit; raises HTTPException (503) if that takes too long. It may be written later all the same."""
        return await self._durable.written(self._writer.run(job))

    def note_seen(self, visit: Visit) -> None:
        """Write down that they are still there, now and then; nobody waits for it."""
        if self.clock() - visit.session.seen_at >= sessions.NOTED_EVERY:
            with suppress(StoreError):  # the daemon stops
                self._writer.submit(partial(sessions.note_seen, session=visit.session.hash, now=self.clock()))


class Visits:
    """Looks who it is before each request of an app: once, and for the pages only."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        state = scope.setdefault("state", {})
        state |= {"access": self._access, "visit": None}
        if not scope["path"].startswith(OPEN_TO_ALL):
            request = HTTPConnection(scope)
            state["visit"] = visit = await self._access.visit(request)
            # a page that only listens is no sign that anybody sits before it
            if visit is not None and "text/event-stream" not in request.headers.get("accept", ""):
                self._access.note_seen(visit)
        await self._app(scope, receive, send)


def visit_of(request: HTTPConnection) -> Visit | None:
    """Who asks, with their session; None: nobody who is signed in."""
    visit: Visit | None = getattr(request.state, "visit", None)
    return visit


def staff_of(request: HTTPConnection) -> Staff | None:
    """Who asks; None: nobody who is signed in."""
    visit = visit_of(request)
    return None if visit is None else visit.staff


async def staff_now(request: HTTPConnection) -> Staff | None:
    """The same as it is by now, for a response that goes on: they may have been signed out, or removed, since."""
    access: Access = request.state.access
    visit = await access.visit(request)
    return None if visit is None else visit.staff


def csrf_of(request: HTTPConnection) -> str:
    """The value of the field ``csrf`` in every form; empty for those who are not signed in."""
    visit = visit_of(request)
    return "" if visit is None else visit.csrf


def require(request: HTTPConnection, role: Role = Role.STAFF) -> Staff:
    """Who asks, if they may do as much as ``role``.

    Raises HTTPException: 303 to the sign-in page for somebody else who opens a page, 401 for what is done or fetched,
    403 for those who are signed in and may not.
    """
    staff = staff_of(request)
    if staff is None:
        raise _signed_out(request)
    if _ORDER.index(staff.role) < _ORDER.index(role):
        raise HTTPException(HTTPStatus.FORBIDDEN, f"This is for those with the role {role}. Nothing was done.")
    return staff


def check_csrf(request: HTTPConnection, given: str) -> None:
    """Raises HTTPException, 403, unless ``given`` is the token of this session; 401 for who is not signed in."""
    visit = visit_of(request)
    if visit is None:
        raise _signed_out(request)
    access: Access = request.state.access
    if not access.seals.is_mark(given, "csrf", visit.session.hash):
        raise HTTPException(HTTPStatus.FORBIDDEN, STALE)


async def form_of(request: Request, role: Role = Role.STAFF, most: int = MOST_FIELDS) -> Form:
    """The form that somebody with that role posted from a page of ours: what a page does begins with this line.

    ``most``: the fields that it may have.

    Raises HTTPException as ``require``, ``read_form`` and ``check_csrf`` do.
    """
    form = await read_form(request, most)
    require(request, role)
    check_csrf(request, form.get("csrf", ""))
    return form


def _signed_out(request: HTTPConnection) -> HTTPException:
    method, fetched = request.scope.get("method"), request.headers.get("sec-fetch-dest", "document")
    if method not in ("GET", "HEAD") or fetched != "document":
        return HTTPException(HTTPStatus.UNAUTHORIZED, SIGNED_OUT, headers={"WWW-Authenticate": "Cookie"})
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope["query_string"]
    here = path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
    return HTTPException(HTTPStatus.SEE_OTHER, headers={"Location": f"{SIGN_IN}?next={quote(here, safe='/')}"})
