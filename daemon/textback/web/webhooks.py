"""The listener that a proxy publishes: it says nothing of what runs here but to those whom it knows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

#: The longest body, in bytes, and the seconds in which all of it must come.
LIMIT, PATIENCE = 65_536, 5.0
#: Bytes up to which a body is let come before it is refused.
HEARD_OUT = 1_048_576


def webhooks(*routes: Iterable[BaseRoute]) -> Starlette:
    """The app of these routes; each place that may be posted to brings its own."""
    every = [route for some in routes for route in some]
    app = Starlette(routes=every, exception_handlers={HTTPException: _refused})
    # a redirect to the path without its slash would tell that there is such a path
    app.router.redirect_slashes = False
    return app


async def body_of(request: Request, limit: int = LIMIT, patience: float = PATIENCE) -> bytes:
    """The body of a request; raises HTTPException: 413 beyond ``limit`` bytes, 408 after ``patience`` seconds."""
    try:
        async with asyncio.timeout(patience):
            return await _read(request, limit)
    except TimeoutError:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None


async def discard(request: Request) -> None:
    """Let a body come that nobody wants: who is cut off while talking does not hear the answer."""
    with suppress(HTTPException):
        await body_of(request)


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > HEARD_OUT:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > HEARD_OUT:
            break
        if size <= limit:
            body += chunk
    if size > limit:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(body)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = f"{HTTPStatus(error.status_code).phrase}\n"
    return PlainTextResponse(words, error.status_code, headers=error.headers)
