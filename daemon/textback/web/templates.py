"""The pages as Jinja2 templates: everything in them is escaped, and what a template is not given is a fault."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from textback.web.access import csrf_of, staff_of

_environment = Environment(
    loader=PackageLoader("textback.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template as a page; it knows ``staff`` (or None), ``csrf`` and ``path``, and the values given."""
    known = {"staff": staff_of(request), "csrf": csrf_of(request), "path": request.scope["path"]}
    return HTMLResponse(_environment.get_template(name).render(known | values), status)
