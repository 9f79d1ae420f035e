"""The front door of the pages: who comes through it, under which name, and what goes out says how it may be used."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from textback.complaints import Complaints
from textback.web.access import Access, Visits
from textback.web.headers import Headers
from textback.web.monitors import HEALTH, METRICS
from textback.web.places import Places
from textback.web.problems import Calm, refused

FOREIGN = "This came from a page that is not ours. Nothing was done. Go to the page itself, and try again there."
#: What only looks (RFC 9110, 9.2.1).
SAFE = ("GET", "HEAD", "OPTIONS")
#: Load balancers ask for these by HTTP/1.0, which needs no host; a browser always says one.
MONITORS = (HEALTH, METRICS)


def front(
    access: Access,
    places: Places,
    complaints: Complaints,
    *routes: Iterable[BaseRoute],
    more: Iterable[Middleware] = (),
) -> Starlette:
    """The app of these routes, for ``serve``; ``more`` stands between the door and the routes."""
    door = [
        Middleware(Headers, secure=places.is_secure),
        Middleware(Calm, complaints=complaints),
        Middleware(Door, places=places),
        Middleware(Visits, access=access),
        *more,
    ]
    every = [route for some in routes for route in some]
    app = Starlette(routes=every, middleware=door, exception_handlers={HTTPException: refused})
    app.router.redirect_slashes = False
    return app


class Door:
    """Lets in who asks for us by a name of ours, and what is done from a page of ours.

    Both hold for every route, so that no page can forget it; a form's own token is checked by the page besides.
    """

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self._app, self._places = app, places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; raises HTTPException: 400 and 421 for another host, 403 for a foreign page."""
        request = HTTPConnection(scope)
        host = request.headers.get("host", "")
        known = self._places.knows(host) if host or scope["path"] not in MONITORS else True
        if not known:
            raise HTTPException(HTTPStatus.BAD_REQUEST if known is None else HTTPStatus.MISDIRECTED_REQUEST)
        if scope["method"] not in SAFE and not self._is_ours(request, host):
            raise HTTPException(HTTPStatus.FORBIDDEN, FOREIGN)
        scope.setdefault("state", {})["address"] = self._places.address_of(request)
        await self._app(scope, receive, send)

    def _is_ours(self, request: HTTPConnection, host: str) -> bool:
        """By what browsers say of where a request comes from (Fetch standard; Fetch Metadata); none of it is no proof.

        "none" is the user's own doing: a form that is sent again after a restart of the browser, say.
        """
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin")
        return origin is None or self._places.is_ours(origin, host)


def address_of(request: HTTPConnection) -> str:
    """From where somebody asks."""
    return str(request.state.address)
