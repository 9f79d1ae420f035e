"""Health, for administrators: links, queues, the provider, and the texts that wait for a person."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from textback import chat
from textback.chat.decide import DISMISS, RELEASE
from textback.health import QUIET
from textback.model import Role
from textback.store import by_hand
from textback.store.notices import Untold, untold
from textback.store.standing import Standing, standing
from textback.web.access import form_of, require
from textback.web.pages.office import Office
from textback.web.pages.view import View, view

_SAID = {RELEASE: "sent", DISMISS: "dismissed"}


class HealthPage:
    """``/health``"""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses."""
        return [Route("/health", self.show, methods=["GET"]), Route("/health", self.decide, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """How this daemon is, and how things stand in the database."""
        staff, access = require(request, Role.ADMIN), self._office.access
        now = access.clock()

        def look(conn: Connection) -> tuple[View, Standing, Untold, str]:
            seen = view(conn, self._office.book(conn), staff, now)
            return seen, standing(conn, now), untold(conn, now), conn.dialect.name

        seen, stands, told, database = await access.look(look)
        values: dict[str, Any] = {"health": self._office.health(), "stands": stands, "database": database}
        values["untold"] = told
        return self._office.page(request, "health.html", seen, **values, now=now, quiet=QUIET)

    async def decide(self, request: Request) -> Response:
        """Let a text that waits for a person leave, or dismiss it."""
        form = await form_of(request, Role.ADMIN)
        staff, access = require(request, Role.ADMIN), self._office.access
        doing, now = next((one for one in _SAID if one in form), ""), access.clock()
        if not doing:
            raise HTTPException(HTTPStatus.BAD_REQUEST)

        def work(conn: Connection) -> None:
            text = form[doing][:36].replace("\0", "")
            conversation = by_hand.conversation_of(conn, text)
            if conversation is None:
                raise chat.Refused("there is no such text")
            chat.decide(conn, self._office.book(conn), staff, conversation, doing, text, now)

        try:
            await access.write(work)
        except chat.Refused as refusal:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"{str(refusal).capitalize()}.") from None
        self._office.on_work()
        return RedirectResponse(f"/health?said={_SAID[doing]}", HTTPStatus.SEE_OTHER)
