"""Signing in and out."""

from __future__ import annotations

import math
from functools import partial
from http import HTTPStatus

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from textback.complaints import Complaints
from textback.passwords import Busy, Passwords
from textback.staff_names import normal
from textback.store import accounts, audit, sessions, sign_ins
from textback.store.accounts import Account
from textback.store.audit import Action
from textback.web import templates
from textback.web.access import Access, form_of, visit_of
from textback.web.entering import Entering, enter
from textback.web.forms import Form, read_form
from textback.web.front import address_of
from textback.web.places import SIGN_IN, SIGN_OUT, local_path, network_of

WRONG = "The name or the password is wrong."
BUSY = "Many people sign in at this moment. Try again in some seconds."
OVERDUE = "This page was open for more than an hour, or your browser refuses cookies. Please sign in again."


class SignIn:
    """``/sign-in`` and ``/sign-out``."""

    def __init__(self, access: Access, passwords: Passwords, complaints: Complaints) -> None:
        self._access, self._passwords, self._complaints = access, passwords, complaints

    def routes(self) -> list[Route]:
        """What ``front`` takes."""
        return [
            Route(SIGN_IN, self._show, methods=["GET"]),
            Route(SIGN_IN, self._take, methods=["POST"]),
            Route(SIGN_OUT, self._leave, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        is_anybody = await self._access.look(accounts.is_anybody)
        return self._page(request, local_path(request.query_params.get("next", "")), is_anybody=is_anybody)

    async def _take(self, request: Request) -> Response:
        form, cookies = await read_form(request), self._access.cookies
        door = cookies.door_of(request, self._access.clock())
        if door is None or not cookies.is_mark_of(form.get("csrf", ""), door):
            return self._again(request, form, OVERDUE, HTTPStatus.FORBIDDEN)
        name, password = normal(form.get("name", "")), form.get("password", "")
        seconds, account = await self._attempt(request, name)
        if seconds:
            return self._throttled(request, form, seconds)
        try:
            token = await self._checked(request, account, name, password)
        except Busy:
            response = self._again(request, form, BUSY, HTTPStatus.SERVICE_UNAVAILABLE)
            response.headers["Retry-After"] = "5"
            return response
        if token is None:
            return self._again(request, form, WRONG, HTTPStatus.FORBIDDEN)
        return self._let_in(form, token)

    def _let_in(self, form: Form, token: str) -> Response:
        response = RedirectResponse(local_path(form.get("next", "")), HTTPStatus.SEE_OTHER)
        self._access.cookies.give_session(response, token)
        self._access.cookies.take_door(response)
        return response

    async def _attempt(self, request: Request, name: str) -> tuple[float, Account | None]:
        """How long they must wait, or what is known of them; the attempt is counted by then.

        Who must wait is looked for first: those who go on all the same keep nobody from writing.
        """
        network, now = network_of(address_of(request)), self._access.clock()
        seconds = await self._access.look(partial(sign_ins.wait, name=name, address=network, now=now))
        if not seconds:
            seconds = await self._access.write(partial(sign_ins.attempt, name=name, address=network, now=now))
        if seconds:
            self._complaints.tell("somebody has tried too many wrong passwords, and must wait", network)
            return seconds, None
        account = await self._access.look(partial(accounts.find, name=name))
        return 0.0, account if account is not None and account.removed_at is None else None

    async def _checked(self, request: Request, account: Account | None, name: str, password: str) -> str | None:
        """The token of their new session; None if the password is wrong, or nobody has that name."""
        stored = None if account is None else account.password_hash
        if not await self._passwords.fits(password, stored) or account is None:
            return None
        fresh = None
        if self._passwords.is_outdated(account.password_hash):
            fresh = await self._passwords.hashed(password)
        before, token = visit_of(request), sessions.new_token()
        entering = Entering(
            account, fresh, token, address_of(request), request.headers.get("user-agent", ""), self._access.clock()
        )
        replaced = None if before is None else before.session.hash
        is_in = await self._access.write(partial(enter, entering=entering, replaced=replaced))
        return token if is_in else None

    async def _leave(self, request: Request) -> Response:
        await form_of(request)
        visit = visit_of(request)
        assert visit is not None
        now = self._access.clock()

        def leave(conn: Connection) -> None:
            if sessions.end(conn, visit.session.hash):
                audit.note(conn, now, visit.staff.name, Action.SIGNED_OUT)

        await self._access.write(leave)
        response = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
        self._access.cookies.take_session(response)
        return response

    def _throttled(self, request: Request, form: Form, seconds: float) -> Response:
        minutes = math.ceil(seconds / 60)
        words = f"Too many wrong passwords. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."
        response = self._again(request, form, words, HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(math.ceil(seconds))
        return response

    def _again(self, request: Request, form: Form, words: str, status: HTTPStatus) -> Response:
        return self._page(request, local_path(form.get("next", "")), form.get("name", "")[:100], words, status)

    def _page(
        self,
        request: Request,
        target: str,
        name: str = "",
        words: str = "",
        status: HTTPStatus = HTTPStatus.OK,
        is_anybody: bool = True,
    ) -> Response:
        cookies, now = self._access.cookies, self._access.clock()
        door = cookies.open_door(request, now)
        values = {"door": cookies.mark_of(door), "next": target, "typed": name, "words": words}
        response = templates.render(request, "sign_in.html", status, is_anybody=is_anybody, **values)
        cookies.give_door(response, door, now)
        return response
