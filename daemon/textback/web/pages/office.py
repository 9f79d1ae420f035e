"""What every page works with, and how one is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from textback.book import PracticeBook
from textback.health import Health
from textback.practice.telling import Ways
from textback.sms import Provider
from textback.web.access import Access
from textback.web.pages.live import Live
from textback.web.pages.view import View
from textback.web.templates import render

#: What a page says after something was done, by the word in its address.
SAID = {
    "sent": "It is on its way.",
    "noted": "Noted. Only your colleagues see it.",
    "assigned": "Assigned.",
    "snoozed": "Snoozed: it comes back by itself, or when they write.",
    "woken": "It is in the inbox again.",
    "closed": "Closed: it opens again when they write.",
    "reopened": "It is open again.",
    "filed": "Filed under that name.",
    "saved": "Saved.",
    "dealt_with": "Marked as dealt with.",
    "dismissed": "It will not be sent.",
    "needed": "It needs somebody again.",
    "signed_out": "Signed out everywhere.",
    "removed": "Removed: they are signed out, and cannot sign in any more.",
    "revoked": "Revoked: it is refused from now on.",
}


@dataclass(frozen=True)
class Office:
    """What pages read from and write to; ``on_work`` is called once a text is queued.

    ``webhooks``: where other software reaches us, '' if only we know, None: nobody listens for it.
    """

    access: Access
    book: PracticeBook
    provider: Provider
    live: Live
    on_work: Callable[[], None] = lambda: None
    webhooks: str | None = None
    #: how the daemon is whose pages these are; None: nothing runs beside them
    health: Callable[[], Health | None] = lambda: None
    #: by which ways staff can be told of replies
    ways: Ways = Ways()

    def page(self, request: Request, name: str, view: View, **values: Any) -> HTMLResponse:
        """A template as a page for somebody with this view."""
        said = SAID.get(request.query_params.get("said", ""))
        values |= {"view": view, "unread": view.unread, "said": said or ""}
        return render(request, name, **values)
