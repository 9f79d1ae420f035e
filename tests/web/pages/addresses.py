"""Every address of the site, filled in; one that nobody has thought of here fails the tests until somebody does."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.routing import Route

#: What anybody may ask for, signed in or not.
OPEN = ("/static/{version}/{name}", "/sign-in", "/healthz", "/metrics")
#: What stands in place of a parameter, for a row that there is; of other parameters nothing is known.
PLACES = {
    "id:row": "1",
    "practice:path": "Riverside",
    "number:place": "0",
    "message": "none",
    "call:path": "main/1",
    "version": "1",
    "name": "style.css",
}
_PARAMETER = re.compile(r"\{([a-z_:]+)\}")


class Address(NamedTuple):
    """A route with one method."""

    method: str
    path: str

    def filled(self, **given: str) -> str:
        """With every parameter filled in; a parameter that is ``given``, with that."""
        return _PARAMETER.sub(lambda found: quote(given.get(found[1], PLACES[found[1]]), safe="/"), self.path)

    @property
    def parameters(self) -> list[str]:
        return _PARAMETER.findall(self.path)


def addresses(app: Starlette) -> list[Address]:
    """Those of an app; HEAD is what GET is."""
    routes = [route for route in app.routes if isinstance(route, Route)]
    assert len(routes) == len(app.routes), "a mount is an app of its own: list its routes, too"
    return [Address(method, route.path) for route in routes for method in sorted((route.methods or set()) - {"HEAD"})]
