"""``/settings/users``: who signs in, what they may do, and whose calls they see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from textback.model import Role, Staff
from textback.passwords import Busy, Passwords, generated
from textback.staff_names import Unfit, fit_full_name, fit_name, normal
from textback.store import account_list
from textback.web.access import form_of, require
from textback.web.forms import Form
from textback.web.pages.office import Office
from textback.web.pages.settings import doings
from textback.web.pages.settings.doings import Doing, Wish
from textback.web.pages.settings.ground import HOME, MOST_FIELDS
from textback.web.pages.settings.staffing import Missing, Refused, manages, roles_to_give, sees
from textback.web.pages.view import View, view
from textback.web.sign_in import BUSY

USERS = f"{HOME}/users"
ROLES = {
    Role.STAFF: "Staff: read and answer",
    Role.MANAGER: "Manager: also change settings",
    Role.ADMIN: "Admin: everything, in every practice",
}
#: What is done by each address, and whether it makes up a password.
DOINGS: Mapping[str, tuple[Doing, bool]] = {
    "add": (doings.add, True),
    "change": (doings.change, False),
    "password": (doings.set_password, True),
    "sessions": (doings.sign_out, False),
    "remove": (doings.remove, False),
    "bring-back": (doings.bring_back, True),
}
SAID = {"change": "saved", "sessions": "signed_out", "remove": "removed"}


class UsersPage:
    """``/settings/users``, and what can be done there."""

    def __init__(self, office: Office, passwords: Passwords) -> None:
        self._office, self._passwords = office, passwords

    def routes(self) -> list[Route]:
        """The addresses."""
        posts = [Route(f"{USERS}/{name}", self._posted(name), methods=["POST"]) for name in DOINGS]
        return [Route(USERS, self.show, methods=["GET"]), *posts]

    async def show(self, request: Request) -> Response:
        """Everybody whom they see."""
        require(request, Role.MANAGER)
        return await self._page(request)

    def _posted(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            form = await form_of(request, Role.MANAGER, MOST_FIELDS)
            return await self._do(request, name, form)

        return endpoint

    async def _do(self, request: Request, name: str, form: Form) -> Response:
        staff, access, (doing, has_password) = require(request, Role.MANAGER), self._office.access, DOINGS[name]
        password = generated() if has_password else ""
        try:
            wish = await self._wish(form, password, is_new=name == "add")
            now = access.clock()
            await access.write(lambda conn: doing(conn, staff, wish, self._known(conn), now))
        except Missing:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None
        except Busy:
            return await self._page(request, form, BUSY, HTTPStatus.SERVICE_UNAVAILABLE)
        except (Unfit, Refused) as refusal:
            words = f"{str(refusal)[:1].upper()}{str(refusal)[1:]}".rstrip(".") + "."
            return await self._page(request, form, words, HTTPStatus.UNPROCESSABLE_ENTITY)
        if has_password:
            return await self._page(request, made=(wish.name, password))
        return RedirectResponse(f"{USERS}?said={SAID[name]}", HTTPStatus.SEE_OTHER)

    async def _wish(self, form: Form, password: str, is_new: bool) -> Wish:
        """What a form says; raises ``Unfit``, and ``Refused`` for a role that there is not."""
        typed = form.get("name", "")
        name = fit_name(typed) if is_new else normal(typed)
        full_name = fit_full_name(form["full_name"]) if form.get("full_name", "").strip() else ""
        try:
            role = Role(form.get("role", Role.STAFF))
        except ValueError:
            raise Refused("There is no such role. Nothing was changed.") from None
        practices = tuple(value for field, value in form.items() if field.startswith("of."))
        hashed = await self._passwords.hashed(password) if password else ""
        return Wish(name, full_name, role, practices, hashed)

    def _known(self, conn: Connection) -> list[str]:
        return [practice.name for practice in self._office.book(conn).practices]

    async def _page(
        self,
        request: Request,
        form: Form | None = None,
        words: str = "",
        status: HTTPStatus = HTTPStatus.OK,
        made: tuple[str, str] | None = None,
    ) -> Response:
        staff, access = require(request, Role.MANAGER), self._office.access
        now = access.clock()

        def look(conn: Connection) -> tuple[View, list[dict[str, Any]]]:
            rows = account_list.listing(conn, limit=0, removed=staff.role is Role.ADMIN)
            return view(conn, self._office.book(conn), staff, now), rows

        seen, rows = await access.look(look)
        people = [_shown(staff, row) for row in rows if sees(staff, Role(row["role"]), row["practices"])]
        values: dict[str, Any] = {
            "people": sorted((one for one in people if not one["removed_at"]), key=lambda one: str(one["name"])),
            "gone": [one for one in people if one["removed_at"]],
            "roles": {role: ROLES[role] for role in roles_to_give(staff)},
            "names": seen.names,
            "typed": _typed(form, request),
            "words": words,
            "made": made,
        }
        response = self._office.page(request, "settings_users.html", seen, **values)
        response.status_code = status
        return response


def _shown(staff: Staff, row: dict[str, Any]) -> dict[str, Any]:
    """Somebody as the page shows them; ``last_seen`` in epoch seconds."""
    role, of = Role(row["role"]), row["practices"]
    seen = row["last_seen_at"]
    theirs = None if of is None else [practice for practice in of if staff.sees(practice)]
    return row | {
        "is_me": row["name"] == staff.name,
        "is_mine": manages(staff, row["name"], role, of),
        "practices": theirs,
        "others": 0 if of is None or theirs is None else len(of) - len(theirs),
        "last_seen": None if seen is None else datetime.fromisoformat(seen).timestamp(),
    }


def _typed(form: Form | None, request: Request) -> dict[str, Any]:
    """What was typed into the form for somebody new, if that is what was refused."""
    if form is None or not request.url.path.endswith("/add"):
        return {"name": "", "full_name": "", "role": Role.STAFF, "practices": ()}
    practices = tuple(value for field, value in form.items() if field.startswith("of."))
    return {name: form.get(name, "") for name in ("name", "full_name", "role")} | {"practices": practices}
