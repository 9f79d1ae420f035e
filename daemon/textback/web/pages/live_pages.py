"""Where open pages hear what changed: server-sent events, as long as somebody is signed in."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Hashable
from functools import partial
from http import HTTPStatus

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from textback.model import Staff
from textback.web.access import require, staff_now
from textback.web.pages import call_filters, calls, inbox, talk
from textback.web.pages.fragments import Snapshot
from textback.web.pages.live import Look
from textback.web.pages.office import Office

#: Milliseconds after which a browser comes again when it was cut off (HTML Standard, 9.2).
RETRY = 3000


class LivePages:
    """One address for each kind of page."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/live/calls", self.calls),
            Route("/live/inbox", self.inbox),
            Route("/live/conversations/{id:row}", self.conversation),
        ]

    async def calls(self, request: Request) -> Response:
        """Calls that begin, end, and get their text."""
        query = dict(request.query_params)
        shown = call_filters.read(query).live
        return self._events(request, ("calls", shown), partial(calls.snapshot, query=query))

    async def inbox(self, request: Request) -> Response:
        """Tiles that come and change; those of "me" are nobody else's to share."""
        query, staff = dict(request.query_params), require(request)
        box = inbox.read(query)
        whose = staff.name if box.asked["with"] == "me" else ""
        return self._events(request, ("inbox", box.live, whose), partial(inbox.snapshot, query=query))

    async def conversation(self, request: Request) -> Response:
        """What is written, and what becomes of it."""
        staff, conversation = require(request), request.path_params["id"]
        if not await self._office.access.look(lambda conn: talk.is_there(conn, staff, conversation)):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return self._events(request, ("talk", conversation), partial(talk.snapshot, conversation=conversation))

    def _events(self, request: Request, key: Hashable, snapshot: Callable[..., Snapshot]) -> Response:
        staff, access = require(request), self._office.access

        def look(conn: Connection) -> Snapshot:
            return snapshot(conn, self._office.book(conn), staff, now=access.clock())

        events = self._told(request, (staff.practices, key), look, staff)
        return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def _told(self, request: Request, key: Hashable, look: Look, staff: Staff) -> AsyncIterator[str]:
        """Events, until they sign out, or are removed, or see other practices by now."""
        yield f"retry: {RETRY}\n\n"
        checked = time.monotonic()
        async for message in self._office.live.listen(key, look, request.query_params.get("digest", "")):
            if time.monotonic() - checked > self._office.live.heartbeat:
                if await staff_now(request) != staff:
                    yield "event: gone\ndata:\n\n"
                    return
                checked = time.monotonic()
            yield ": nothing new\n\n" if message is None else message
