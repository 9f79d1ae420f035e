"""The log of calls: newest first, filtered, searched, as a page and as CSV; and the story of one call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from textback.directory import Directory
from textback.model import Staff
from textback.store import audit, dealt, log
from textback.store.audit import Action
from textback.store.calls import one as one_call
from textback.web.access import form_of, require
from textback.web.pages import call_filters, call_sheet
from textback.web.pages.call_filters import CallFilters
from textback.web.pages.call_rows import fragment, rows_of, with_contacts
from textback.web.pages.fragments import Snapshot
from textback.web.pages.office import Office
from textback.web.pages.view import View, view

#: Calls on a page, and other calls of the same number beside one.
PAGE, OTHERS = 50, 10


@dataclass(frozen=True)
class Log:
    """The calls of one page, and all that stands around them."""

    view: View
    filters: CallFilters
    snapshot: Snapshot
    more: str | None
    figures: Mapping[str, int]
    needing: int
    queues: list[str]


class CallPages:
    """What staff see of calls, and what they tick."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/", self.home),
            Route("/calls", self.log),
            Route("/calls.csv", self.sheet),
            Route("/calls/dealt-with", self.deal_with, methods=["POST"]),
            Route("/calls/{call:path}", self.story),
        ]

    async def home(self, request: Request) -> Response:
        """The first page is the log."""
        require(request)
        return RedirectResponse("/calls", HTTPStatus.SEE_OTHER)

    async def log(self, request: Request) -> Response:
        """The newest calls, or those that the address asks for."""
        staff, access = require(request), self._office.access
        query, now = dict(request.query_params), access.clock()
        found = await access.look(lambda conn: look(conn, self._office.book(conn), staff, query, now))
        choices = {"when": call_filters.WHEN, "endings": call_filters.ENDINGS, "texts": call_filters.TEXTS}
        values: dict[str, Any] = {**choices, "show": call_filters.SHOW, "names_within": log.NAMES_WITHIN, "log": found}
        return self._office.page(request, "calls.html", found.view, **values)

    async def story(self, request: Request) -> Response:
        """One call: each event in its order, the verdict, and why."""
        staff, access, call_id = require(request), self._office.access, request.path_params["call"]
        now = access.clock()

        def look_at(conn: Connection) -> tuple[View, dict[str, Any] | None, list[dict[str, Any]]]:
            seen = view(conn, self._office.book(conn), staff, now)
            return seen, *_story(conn, seen, call_id)

        seen, call, others = await access.look(look_at)
        if call is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        about: dict[str, Any] = {"practice": call["practice"], "call": call_id}
        await access.write(lambda conn: audit.note(conn, now, staff.name, Action.READ, **about))
        values = {"call": call, "story": call["story"], "others": others, "place": seen.place(call["practice"])}
        return self._office.page(request, "call.html", seen, **values)

    async def deal_with(self, request: Request) -> Response:
        """Tick a call, or take the tick back."""
        form = await form_of(request)
        staff, access = require(request), self._office.access
        is_tick, now = "tick" in form, access.clock()
        call_id = form.get("tick") or form.get("untick") or ""
        done = await access.write(partial(_deal_with, staff=staff, call_id=call_id, is_tick=is_tick, now=now))
        if not done:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        said = "dealt_with" if is_tick else "needed"
        if "call" in form:
            return RedirectResponse(f"/calls/{quote(call_id)}?said={said}", HTTPStatus.SEE_OTHER)
        kept = dict(parse_qsl(form.get("back", ""))) | {"said": said}
        return RedirectResponse(f"/calls?{urlencode(kept)}", HTTPStatus.SEE_OTHER)

    async def sheet(self, request: Request) -> Response:
        """What is shown, all pages of it, as CSV."""
        staff, access = require(request), self._office.access
        query, now = dict(request.query_params), access.clock()
        await access.write(lambda conn: audit.note(conn, now, staff.name, Action.EXPORTED, detail="calls"))
        name = {"Content-Disposition": 'attachment; filename="calls.csv"'}
        return StreamingResponse(self._rows(staff, query, now), media_type="text/csv; charset=utf-8", headers=name)

    async def _rows(self, staff: Staff, query: dict[str, str], now: float) -> AsyncIterator[str]:
        """A page at a time, so that nobody's export fills the memory."""
        yield call_sheet.HEAD
        filters: CallFilters | None = call_filters.read(query)
        while filters is not None:
            told = partial(call_sheet.lines, book=self._office.book, staff=staff, filters=filters, now=now)
            text, filters = await self._office.access.look(told)
            yield text


def look(conn: Connection, directory: Directory, staff: Staff, query: Mapping[str, str], now: float) -> Log:
    """What somebody sees of the log at an address with that query."""
    seen, filters = view(conn, directory, staff, now), call_filters.read(query)
    found, more = rows_of(conn, seen, filters, PAGE)
    # by name, where they see all, too: an index on practices has them together
    names = seen.names if staff.practices is not None else (*seen.names, None)
    return Log(
        seen,
        filters,
        Snapshot(tuple(fragment(row, seen) for row in found), seen.unread),
        more,
        log.figures(conn, names, _today(seen)),
        log.needing(conn, names),
        log.queues(conn, seen.names),
    )


def snapshot(conn: Connection, directory: Directory, staff: Staff, query: Mapping[str, str], now: float) -> Snapshot:
    """The rows of that page alone."""
    seen = view(conn, directory, staff, now)
    found, _ = rows_of(conn, seen, call_filters.read(query), PAGE)
    return Snapshot(tuple(fragment(row, seen) for row in found), seen.unread)


def _story(
    conn: Connection, seen: View, call_id: str
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """A call with what happened in it, and the other calls of its number; None if it is not for them to see."""
    rows = log.details(conn, [call_id]) if "\0" not in call_id else {}
    if call_id not in rows or not seen.staff.sees(rows[call_id]["practice"]):
        return None, []
    kept = one_call(conn, call_id)
    (call,) = with_contacts(conn, seen, [rows[call_id] | {"story": (kept or {}).get("story") or []}])
    number = call["caller"]
    others = log.calls_of(conn, call["practice"], number, OTHERS + 1) if number else []
    return call, [one for one in others if one["id"] != call_id][:OTHERS]


def _deal_with(conn: Connection, staff: Staff, call_id: str, is_tick: bool, now: float) -> bool:
    rows = log.details(conn, [call_id]) if call_id and "\0" not in call_id else {}
    if call_id not in rows or not staff.sees(rows[call_id]["practice"]):
        return False
    if is_tick:
        dealt.tick(conn, call_id, staff.name, now)
    else:
        dealt.untick(conn, call_id)
    action = Action.DEALT_WITH if is_tick else Action.NOT_DEALT_WITH
    audit.note(conn, now, staff.name, action, practice=rows[call_id]["practice"], call=call_id)
    return True


def _today(seen: View) -> float:
    zone = ZoneInfo(seen.place(None).zone)
    return datetime.fromtimestamp(seen.now, zone).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
