"""A conversation: its page, and what staff do there."""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from textback import chat
from textback.model import Staff
from textback.store import thread
from textback.web.access import form_of, require
from textback.web.forms import Form
from textback.web.ids import row_id
from textback.web.pages import snoozes, talk
from textback.web.pages.office import Office
from textback.web.pages.talk import Draft
from textback.web.pages.view import View, place_of

#: What may be done besides writing, and what the page says then.
DOINGS = {
    "assign": "assigned",
    "snooze": "snoozed",
    "wake": "woken",
    "close": "closed",
    "reopen": "reopened",
    "file": "filed",
    "contact": "saved",
    "read": "",
    "release": "sent",
    "dismiss": "dismissed",
    "retry": "sent",
}
OVERTAKEN = "They wrote in the meantime, so nothing was done: read it below first."
#: What is done with one text of a conversation; the form names it.
TEXTS = ("release", "dismiss", "retry")


class ConversationPages:
    """Reads and writes in a conversation."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/conversations/{id:row}", self.show),
            Route("/conversations/{id:row}/reply", self.reply, methods=["POST"]),
            Route("/conversations/{id:row}/draft", self.draft, methods=["POST"]),
            Route("/conversations/{id:row}/do", self.do, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The conversation; whoever opens it has read it."""
        staff, access, conversation = require(request), self._office.access, _id(request)
        now, before = access.clock(), _time(request.query_params.get("before", ""))
        seen, values = await self._look(request, conversation, before)
        newest = _time(values["seen"])
        try:
            await access.write(lambda conn: chat.mark_read(conn, staff, conversation, now, newest))
        except chat.Refused:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None
        return self._shown(request, seen, values, Draft())

    async def reply(self, request: Request) -> Response:
        """Send what is in the reply box, or keep it as a note."""
        form = await form_of(request)
        staff, access, conversation = require(request), self._office.access, _id(request)
        body, key, now = form.get("body", "").replace("\r\n", "\n"), form.get("key", ""), access.clock()
        is_note = form.get("as") == "note"
        seen_until = _time(form.get("seen", ""))

        def write(conn: Connection) -> str:
            if is_note:
                return chat.note(conn, staff, conversation, body, key, now)
            directory, said = self._office.book(conn), body
            if "!!" in body:
                said = chat.spelt_out(body, chat.quick_responses(conn, directory, staff, conversation))
            return chat.reply(conn, directory, staff, conversation, said, key, now, seen_until)

        try:
            await access.write(write)
        except chat.Overtaken as other:
            refused = Draft(body, key, overtaken=f"{other.who or 'They'} wrote in the meantime.")
            return await self._page(request, conversation, refused, HTTPStatus.CONFLICT)
        except chat.Refused as refusal:
            kept = Draft(body, refusal=str(refusal))
            return await self._page(request, conversation, kept, HTTPStatus.UNPROCESSABLE_ENTITY)
        self._office.on_work()
        return _back(conversation, "noted" if is_note else "sent")

    async def draft(self, request: Request) -> Response:
        """Put a quick response into the reply box, for browsers without JavaScript."""
        form = await form_of(request)
        staff, access, conversation = require(request), self._office.access, _id(request)
        body, title = form.get("body", ""), form.get("insert", "")

        def find(conn: Connection) -> str | None:
            found = chat.quick_responses(conn, self._office.book(conn), staff, conversation)
            return next((one.text for one in found if one.title == title), None)

        try:
            text = await access.look(find)
        except chat.Refused:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None
        draft = Draft(body if text is None else talk.inserted(body, text), form.get("key", ""))
        return await self._page(request, conversation, draft, HTTPStatus.OK)

    async def do(self, request: Request) -> Response:
        """Whatever else there is to do with a conversation."""
        form = await form_of(request)
        staff, access, conversation = require(request), self._office.access, _id(request)
        doing = form.get("do") or next((one for one in TEXTS if one in form), "")
        if doing not in DOINGS:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        now = access.clock()
        try:
            work = self._work(doing, form, staff, conversation, now)
            await access.write(work)
        except chat.Nowhere:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None
        except chat.Overtaken:
            return await self._page(request, conversation, Draft(notice=OVERTAKEN), HTTPStatus.CONFLICT)
        except chat.Refused as refusal:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, _sentence(refusal)) from None
        self._office.on_work()
        if doing == "close":
            return RedirectResponse("/inbox?said=closed", HTTPStatus.SEE_OTHER)
        return _back(conversation, DOINGS[doing])

    def _work(self, doing: str, form: Form, staff: Staff, conversation: int, now: float) -> Callable[[Connection], Any]:
        """The job that does it."""
        if doing == "snooze":
            return self._snooze(form, staff, conversation, now)
        if doing == "contact":
            return lambda conn: _change_contact(conn, form, staff, conversation, now)
        if doing == "file":
            return lambda conn: chat.file_under(conn, staff, conversation, row_id(form.get("contact", "")), now)
        if doing == "assign":
            return lambda conn: chat.assign(conn, staff, conversation, form.get("to") or None, now)
        if doing == "read":
            return lambda conn: chat.mark_read(conn, staff, conversation, now, _time(form.get("seen", "")))
        if doing in TEXTS:
            text = form.get(doing, "")
            return lambda conn: chat.decide(conn, self._office.book(conn), staff, conversation, doing, text, now)
        if doing == "close":
            return lambda conn: chat.close(conn, staff, conversation, now, _time(form.get("seen", "")))
        plain = {"wake": chat.wake, "reopen": chat.reopen}[doing]
        return lambda conn: plain(conn, staff, conversation, now)

    def _snooze(self, form: Form, staff: Staff, conversation: int, now: float) -> Callable[[Connection], bool]:
        choice = form.get("until", "")
        if choice not in dict(snoozes.CHOICES):
            raise HTTPException(HTTPStatus.BAD_REQUEST)

        def work(conn: Connection) -> bool:
            row = thread.conversation(conn, conversation) or {}
            home = next((one for one in self._office.book(conn).practices if one.name == row.get("practice")), None)
            until = snoozes.until(choice, place_of(home).zone, now)
            return chat.snooze(conn, staff, conversation, until, now, _time(form.get("seen", "")))

        return work

    async def _page(self, request: Request, conversation: int, draft: Draft, status: int) -> Response:
        seen, values = await self._look(request, conversation)
        return self._shown(request, seen, values, draft, status)

    async def _look(
        self, request: Request, conversation: int, before: float | None = None
    ) -> tuple[View, dict[str, Any]]:
        staff, access = require(request), self._office.access
        now = access.clock()
        seen, values = await access.look(
            lambda conn: talk.look(conn, self._office.book(conn), staff, conversation, now, before)
        )
        if values is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return seen, values | {"is_newest": before is None}

    def _shown(
        self, request: Request, seen: View, values: dict[str, Any], draft: Draft, status: int = HTTPStatus.OK
    ) -> Response:
        values |= {"draft": draft, "counted": talk.counted(draft.body)}
        response = self._office.page(request, "conversation.html", seen, **values)
        response.status_code = status
        return response


def _change_contact(conn: Connection, form: Form, staff: Staff, conversation: int, now: float) -> bool:
    row = thread.conversation(conn, conversation)
    if row is None or not staff.sees(row["practice"]):
        raise chat.Nowhere
    if row["contact_id"] is None:
        raise chat.Refused("there is no contact to change")
    if form.get("whose") != str(row["contact_id"]):
        raise chat.Refused("the conversation is somebody else's by now: look again whom you mean")
    return chat.change_contact(
        conn,
        staff,
        row["contact_id"],
        first_name=form.get("first_name"),
        last_name=form.get("last_name"),
        kind=form.get("kind", ""),
        language=form.get("language"),
        verify=bool(form.get("verify")),
        now=now,
    )


def _id(request: Request) -> int:
    conversation: int = request.path_params["id"]
    return conversation


def _time(text: str) -> float | None:
    try:
        at = float(text)
    except ValueError:
        return None
    return at if math.isfinite(at) and 0 <= at < 1e11 else None


def _sentence(refusal: chat.Refused) -> str:
    words = str(refusal)
    return f"{words[:1].upper()}{words[1:]}."


def _back(conversation: int, said: str) -> Response:
    return RedirectResponse(f"/conversations/{conversation}?said={said}", HTTPStatus.SEE_OTHER)
