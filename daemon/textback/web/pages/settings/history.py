"""Who changed what of a practice, and when: each version beside the one before it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from textback.model import Role
from textback.practice.changes import changes
from textback.store import practices
from textback.store.practices import PracticeRow
from textback.store.signatures import signed
from textback.web.access import require
from textback.web.pages.office import Office
from textback.web.pages.settings.ground import HOME, common, found
from textback.web.pages.settings.words import Told, told
from textback.web.pages.view import View, view

LEAF = "history"
#: Versions on a page.
PAGE = 20


@dataclass(frozen=True)
class Version:
    """One change: by whom and how, when (epoch seconds), and what it changed; None: nothing older is known."""

    number: int
    by: str
    by_file: bool
    at: float
    changes: list[Told] | None


class HistoryPage:
    """``/settings/PRACTICE/history``"""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The address."""
        return [Route(f"{HOME}/{{practice:path}}/{LEAF}", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The newest changes, or those before the version in the address."""
        staff, access, name = require(request, Role.MANAGER), self._office.access, request.path_params["practice"]
        asked = request.query_params.get("before", "")
        before = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None

        def look(conn: Connection) -> tuple[View, PracticeRow, list[PracticeRow]]:
            row = found(conn, staff, name)
            kept = practices.versions(conn, row.name, before=before, limit=PAGE + 1)
            return view(conn, self._office.book(conn), staff, access.clock()), row, kept

        seen, row, kept = await access.look(look)
        shown = versions_of(kept)[:PAGE]
        more = shown[-1].number if len(kept) > PAGE else None
        return self._office.page(request, "settings_history.html", seen, **common(row, LEAF), told=shown, more=more)


def versions_of(kept: list[PracticeRow]) -> list[Version]:
    """Each version with what it changed, newest first, as they are given."""
    return [_version(row, older) for row, older in zip(kept, [*kept[1:], None])]


def _version(row: PracticeRow, older: PracticeRow | None) -> Version:
    known = older is not None and older.version == row.version - 1
    shown = told(changes(older.document, row.document), row.document) if known and older is not None else None
    return Version(row.version, *signed(row.updated_by), row.updated_at, shown)
