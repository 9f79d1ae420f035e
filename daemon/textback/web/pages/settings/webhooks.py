"""``/settings/webhooks``: the addresses by which other software starts a text; each is shown once."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from textback.model import Flow, Role, Staff
from textback.store import audit, webhook_tokens
from textback.store.audit import Action
from textback.web.access import form_of, require
from textback.web.forms import Form
from textback.web.ids import row_id
from textback.web.pages.office import Office
from textback.web.pages.settings.ground import HOME
from textback.web.pages.view import View, view
from textback.web.shown import FLOWS
from textback.web.told import language_of

WEBHOOKS = f"{HOME}/webhooks"
LONGEST_LABEL = 100


class Refused(Exception):
    """It cannot be made; the text says why."""


class WebhooksPage:
    """``/settings/webhooks``, and what can be done there."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route(WEBHOOKS, self.show, methods=["GET"]),
            Route(f"{WEBHOOKS}/create", self.create, methods=["POST"]),
            Route(f"{WEBHOOKS}/revoke", self.revoke, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Those of one's practices."""
        require(request, Role.MANAGER)
        return await self._page(request)

    async def create(self, request: Request) -> Response:
        """Make one, and show its token this once."""
        form = await form_of(request, Role.MANAGER)
        staff, access, token = require(request, Role.MANAGER), self._office.access, webhook_tokens.new_token()
        now = access.clock()
        try:
            its = _wanted(form)
            await access.write(lambda conn: self._create(conn, staff, token, its, now))
        except Refused as refusal:
            return await self._page(request, form, str(refusal))
        return await self._page(request, token=token)

    async def revoke(self, request: Request) -> Response:
        """Refuse what one asks for, from now on."""
        form = await form_of(request, Role.MANAGER)
        staff, access, webhook = require(request, Role.MANAGER), self._office.access, row_id(form.get("webhook", ""))
        now = access.clock()

        def job(conn: Connection) -> bool:
            return webhook is not None and _revoke(conn, staff, webhook, now)

        if not await access.write(job):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return RedirectResponse(f"{WEBHOOKS}?said=revoked", HTTPStatus.SEE_OTHER)

    def _create(self, conn: Connection, staff: Staff, token: str, its: dict[str, Any], now: float) -> None:
        known = [practice.name for practice in self._office.book(conn).practices]
        if its["practice"] not in known or not staff.sees(its["practice"]):
            raise Refused("There is no such practice, or it is not yours.")
        if webhook_tokens.find(conn, token) is not None:
            return  # it was this job, once before
        made = webhook_tokens.create(conn, token, by=staff.name, now=now, **its)
        told = f"webhook {made} for {its['flow']}: made"
        audit.note(conn, now, staff.name, Action.CHANGED_SETTINGS, practice=its["practice"], detail=told)

    async def _page(self, request: Request, form: Form | None = None, words: str = "", token: str = "") -> Response:
        staff, access = require(request, Role.MANAGER), self._office.access

        def look(conn: Connection) -> tuple[View, list[dict[str, Any]]]:
            rows = webhook_tokens.listing(conn, limit=0)
            return view(conn, self._office.book(conn), staff, access.clock()), rows

        seen, rows = await access.look(look)
        values = {
            "hooks": [row for row in rows if staff.sees(row["practice"])],
            "flows": FLOWS,
            "typed": dict.fromkeys(("practice", "flow", "language", "label"), "") | dict(form or {}),
            "words": words,
            "token": token,
            "listener": self._office.webhooks,
        }
        response = self._office.page(request, "settings_webhooks.html", seen, **values)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY if words else HTTPStatus.OK
        return response


def _wanted(form: Form) -> dict[str, Any]:
    """What a form says; raises ``Refused``."""
    language, label = form.get("language", "").strip(), " ".join(form.get("label", "").split())
    if form.get("flow") not in list(Flow):
        raise Refused("There is no such text.")
    if language and language_of(language) is None:
        raise Refused('The language is none such as "es".')
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise Refused(f"What it is for has at most {LONGEST_LABEL} characters that can be printed.")
    its: dict[str, Any] = {"practice": form.get("practice", ""), "flow": Flow(form["flow"])}
    return its | {"language": language_of(language) if language else None, "label": label or None}


def _revoke(conn: Connection, staff: Staff, webhook: int, now: float) -> bool:
    """False if there is none such, or not of a practice of theirs."""
    row = next((one for one in webhook_tokens.listing(conn, limit=0) if one["id"] == webhook), None)
    if row is None or not staff.sees(row["practice"]):
        return False
    if webhook_tokens.revoke(conn, webhook, now):
        told = f"webhook {webhook} for {row['flow']}: revoked"
        audit.note(conn, now, staff.name, Action.CHANGED_SETTINGS, practice=row["practice"], detail=told)
    return True
