"""The pages as Jinja2 templates: everything in them is escaped, and what a template is not given is a fault."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from textback.web import shown
from textback.web.access import csrf_of, staff_of
from textback.web.static import address
from textback.wording import span

_environment = Environment(
    loader=PackageLoader("textback.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals["static"] = address
_environment.filters |= {
    name: getattr(shown, name)
    for name in (
        "action_words", "body", "call_words", "clock", "day", "dialled", "ended",
        "full_name", "iso", "language", "message_state",
        "moment", "number", "plain", "text_state", "who", "why",
    )
} | {"span": span, "path": quote, "quoted": partial(quote, safe="")}  # fmt: skip


def render(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template as a page; it knows ``staff`` (or None), ``csrf`` and ``path``, and the values given."""
    known = {"staff": staff_of(request), "csrf": csrf_of(request), "path": request.scope["path"]}
    return HTMLResponse(_environment.get_template(name).render(known | values), status)


def part(name: str, macro: str, *values: Any) -> str:
    """What a macro of a template makes of these values: a piece of a page."""
    made: str = getattr(_environment.get_template(name).module, macro)(*values)
    return made
