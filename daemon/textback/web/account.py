"""One's own account: where one is signed in, the password, whether the pages listen to the keyboard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from functools import partial
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from textback.passwords import SHORTEST, Busy, Passwords, fit_password
from textback.staff_names import Unfit
from textback.store import accounts, audit, sessions
from textback.store.audit import Action
from textback.store.sessions import Session
from textback.web import templates
from textback.web.access import Access, Visit, form_of, require, visit_of
from textback.web.browsers import browser_of
from textback.web.forms import Form
from textback.web.front import address_of
from textback.web.password_change import Change, Changing
from textback.web.sign_in import BUSY

ACCOUNT = "/account"
#: What was done, by what stands in the address afterwards: nobody else can put words into the page.
DONE = {
    "password": "Your password is changed. Everywhere else you are signed out.",
    "ended": "Signed out there.",
    "others": "Signed out everywhere else.",
    "shortcuts": "Saved.",
}
UNLIKE = "The two new passwords are not the same. Nothing was changed."

Effect = Callable[[Request, Form, Visit], Awaitable[Response]]


class AccountPage:
    """``/account``, and what can be done there."""

    def __init__(self, access: Access, passwords: Passwords) -> None:
        self._access, self._changing = access, Changing(access, passwords)

    def routes(self) -> list[Route]:
        """What ``front`` takes."""
        places: dict[str, Effect] = {
            f"{ACCOUNT}/password": self._change_password,
            f"{ACCOUNT}/session": self._end_one,
            f"{ACCOUNT}/others": self._end_others,
            f"{ACCOUNT}/shortcuts": self._set_shortcuts,
        }
        posts = [Route(path, _posted(effect), methods=["POST"]) for path, effect in places.items()]
        return [Route(ACCOUNT, self._show, methods=["GET"]), *posts]

    async def _show(self, request: Request) -> Response:
        require(request)
        return await self._page(request, done=DONE.get(request.query_params.get("done", ""), ""))

    async def _change_password(self, request: Request, form: Form, visit: Visit) -> Response:
        new = form.get("new", "")
        try:
            fit_password(new, visit.staff.name)
        except Unfit as unfit:
            return await self._page(request, f"{str(unfit).capitalize()}.", HTTPStatus.UNPROCESSABLE_ENTITY)
        if new != form.get("again", ""):
            return await self._page(request, UNLIKE, HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            change = await self._changing.change(request, visit, form.get("old", ""), new)
        except Busy:
            return await self._page(request, BUSY, HTTPStatus.SERVICE_UNAVAILABLE)
        return await self._changed(request, change)

    async def _changed(self, request: Request, change: Change) -> Response:
        if change.token is None:
            response = await self._page(request, change.words, change.status)
            response.headers.update({"Retry-After": str(change.seconds)} if change.seconds else {})
            return response
        done = _done("password")
        self._access.cookies.give_session(done, change.token)
        return done

    async def _end_one(self, request: Request, form: Form, visit: Visit) -> Response:
        await self._ended(request, visit, partial(sessions.end_one, session=form.get("session", "")))
        return _done("ended")

    async def _end_others(self, request: Request, form: Form, visit: Visit) -> Response:
        await self._ended(request, visit, partial(sessions.end_all, but=visit.session.hash))
        return _done("others")

    async def _ended(self, request: Request, visit: Visit, end: Callable[..., int]) -> None:
        now, address = self._access.clock(), address_of(request)

        def job(conn: Connection) -> None:
            if end(conn, user=visit.staff.id):
                detail = f"elsewhere, from {address}"
                audit.note(conn, now, visit.staff.name, Action.SIGNED_OUT, detail=detail)

        await self._access.write(job)

    async def _set_shortcuts(self, request: Request, form: Form, visit: Visit) -> Response:
        wanted = form.get("shortcuts") == "on"
        await self._access.write(partial(accounts.set_shortcuts, user=visit.staff.id, shortcuts=wanted))
        return _done("shortcuts")

    async def _page(
        self, request: Request, words: str = "", status: HTTPStatus = HTTPStatus.OK, done: str = ""
    ) -> Response:
        visit = visit_of(request)
        assert visit is not None
        now = self._access.clock()
        mine = await self._access.look(partial(sessions.of, user=visit.staff.id, now=now))
        rows = [_shown(one, one.hash == visit.session.hash) for one in mine]
        values = {"sessions": rows, "words": words, "done": done, "shortest": SHORTEST}
        return templates.render(request, "account.html", status, **values)


def _posted(effect: Effect) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        form, visit = await form_of(request), visit_of(request)
        assert visit is not None
        return await effect(request, form, visit)

    return endpoint


def _shown(session: Session, is_this: bool) -> dict[str, Any]:
    times = {"since": session.created_at, "seen": session.seen_at}
    shown = {name: datetime.fromtimestamp(at, timezone.utc) for name, at in times.items()}
    return shown | {
        "id": session.id, "is_this": is_this, "address": session.address or "somewhere",
        "browser": browser_of(session.agent or ""), "agent": session.agent or "",
    }  # fmt: skip


def _done(what: str) -> Response:
    return RedirectResponse(f"{ACCOUNT}?done={what}", HTTPStatus.SEE_OTHER)
