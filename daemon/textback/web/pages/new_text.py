"""A first text by hand, to a number that has not called."""

from __future__ import annotations

from http import HTTPStatus

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from textback import chat
from textback.store import by_hand
from textback.web.access import form_of, require
from textback.web.pages.office import Office
from textback.web.pages.talk import Draft, counted
from textback.web.pages.view import view


class NewTextPage:
    """``/texts/new``"""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/texts/new", self.show, methods=["GET"]),
            Route("/texts/new", self.write, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """An empty form, or one for the number in the address."""
        require(request)
        return await self._page(request, Draft(), request.query_params.get("to", "")[:40], "")

    async def write(self, request: Request) -> Response:
        """Queue the text, and open its conversation."""
        form = await form_of(request)
        staff, access, now = require(request), self._office.access, self._office.access.clock()
        number, line, key = form.get("to", ""), form.get("line", ""), form.get("key", "")
        body = form.get("body", "").replace("\r\n", "\n")

        def job(conn: Connection) -> int | None:
            directory = self._office.book(conn)
            return by_hand.conversation_of(
                conn, chat.start(conn, directory, staff, None, line or None, number, body, key, now)
            )

        try:
            conversation = await access.write(job)
        except chat.Refused as refusal:
            return await self._page(request, Draft(body, refusal=str(refusal)), number, line, refused=True)
        self._office.on_work()
        return RedirectResponse(f"/conversations/{conversation}?said=sent", HTTPStatus.SEE_OTHER)

    async def _page(self, request: Request, draft: Draft, number: str, line: str, refused: bool = False) -> Response:
        staff, access = require(request), self._office.access
        seen = await access.look(lambda conn: view(conn, self._office.book(conn), staff, access.clock()))
        lines = [(practice, its) for practice in seen.practices for its in practice.lines]
        values = {"draft": draft, "number": number, "lines": lines, "chosen": line, "counted": counted(draft.body)}
        response = self._office.page(request, "new_text.html", seen, **values)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
        return response
