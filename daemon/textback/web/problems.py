"""What somebody reads when a page cannot be had: what it means, what to do, and that nothing is lost."""

from __future__ import annotations

import logging
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textback.complaints import Complaints, place
from textback.store.engine import StoreError
from textback.store.faults import describe, is_fault
from textback.web import templates

#: Seconds after which a database that does not answer may be tried again.
AGAIN = 10
TOO_MUCH = "It is longer than anything that these pages ask for. Nothing was done."
UNREADABLE = "It cannot be read. Nothing was done."
FAULT = "A fault of ours"
WORDS = {
    400: ("That was no request that can be read", UNREADABLE),
    401: ("You are signed out", "Sign in again."),
    403: ("This is not allowed", "Nothing was done."),
    404: ("There is nothing here", "It may have been moved, or it is not for you to see."),
    405: ("That cannot be done here", "Nothing was done."),
    408: ("That took too long", "It did not come whole. Nothing was done: try again."),
    413: ("That is too much", TOO_MUCH),
    415: ("That was no form", UNREADABLE),
    421: (
        "These pages do not go by that name",
        "Ask for them by the address of this computer. Or, if the name is right: whoever runs them writes it into"
        " textback.toml, as public_url under [http].",
    ),
    429: ("That was too often", "Wait for some minutes, then try again."),
    500: (FAULT, "Something went wrong on our side, and is noted in the log. Calls and texts are not affected."),
    502: ("The provider does not hand it over", "Try again later."),
    503: ("The database does not answer", "Nothing is lost: what was sent is kept if it could be. Try again soon."),
}

_log = logging.getLogger("textback.web")


async def refused(request: Request, error: Exception) -> Response:
    """The page for an HTTPException; its ``detail``, if it has one of its own, in place of the usual words."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if 300 <= status < 400:
        return Response(status_code=status, headers=error.headers)
    detail = error.detail if error.detail != status.phrase else None
    return problem(request, status, detail, dict(error.headers or {}))


def problem(
    request: Request, status: int, detail: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """A page that says what is wrong; plain text, where even that fails."""
    title, usual = WORDS.get(status, (HTTPStatus(status).phrase, "Nothing was done."))
    extra = {"Retry-After": str(AGAIN)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    response: Response
    try:
        values = {"title": title, "words": detail or usual, "code": int(status)}
        response = templates.render(request, "problem.html", status, **values)
    except Exception as error:
        _log.error("the page for what is wrong is wrong itself: %s%s", type(error).__name__, place(error))
        response = PlainTextResponse(f"{title}\n{detail or usual}\n", status)
    response.headers.update(extra | (headers or {}))
    return response


class Calm:
    """Turns what an app raises into a page, and tells the log now and then; never what somebody sent or asked for."""

    def __init__(self, app: ASGIApp, complaints: Complaints) -> None:
        self._app, self._complaints = app, complaints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; where the answer has begun, the connection ends in the middle of it."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        request = Request(scope, receive)
        try:
            await self._app(scope, receive, noted)
        except HTTPException as error:
            if not begun:
                await (await refused(request, error))(scope, receive, send)
        except Exception as error:
            status = self._tell(error)
            if not begun:
                await problem(request, status)(scope, receive, send)

    def _tell(self, error: Exception) -> HTTPStatus:
        if isinstance(error, StoreError) or is_fault(error):
            self._complaints.tell(f"the database does not answer a page: {describe(error)}", kind="database")
            return HTTPStatus.SERVICE_UNAVAILABLE
        self._complaints.tell(f"a fault of ours with a page: {type(error).__name__}{place(error)}")
        return HTTPStatus.INTERNAL_SERVER_ERROR
