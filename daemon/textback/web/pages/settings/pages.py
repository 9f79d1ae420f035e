"""The settings pages of a practice that are one form each: shown, looked at before, saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from textback.mistakes import Mistake
from textback.model import Role
from textback.practice import Practice, read_practice
from textback.practice.telling import Ways, lacks, refused
from textback.store.practices import PracticeRow
from textback.web.access import form_of, require
from textback.web.pages.office import Office
from textback.web.pages.settings import holidays
from textback.web.pages.settings.fields import Document, Typed, at
from textback.web.pages.settings.flows import FlowSheet
from textback.web.pages.settings.form import shown_groups, words_of
from textback.web.pages.settings.ground import (
    HOME,
    MOST_FIELDS,
    address,
    common,
    found,
    place_of,
    typed_in,
    version_of,
)
from textback.web.pages.settings.groups import Asked, Sheet
from textback.web.pages.settings.merging import merged
from textback.web.pages.settings.saving import Outcome, Overtaken, checked, save
from textback.web.pages.settings.sheets import SHEETS, TABS
from textback.web.pages.settings.texts import PLACEHOLDERS
from textback.web.pages.view import View, view

LONGEST_NAME = 100


@dataclass(frozen=True)
class Shown:
    """What a page shows besides what is stored: what was typed, what is wrong with it, who was faster."""

    typed: Typed | None = None
    mistakes: tuple[Mistake, ...] = ()
    overtaken: Overtaken | None = None
    preview: Practice | None = None
    asked: Asked = field(default_factory=Asked)
    version: int | None = None
    status: HTTPStatus = HTTPStatus.OK


class SettingsPages:
    """``/settings``, and ``/settings/PRACTICE/hours`` and its like."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses; a practice's name may have any character in it."""
        forms = [f"{HOME}/{{practice:path}}/{leaf}" for leaf in SHEETS]
        return [
            Route(HOME, self.choose, methods=["GET"]),
            *(Route(path, self.show, methods=["GET"]) for path in forms),
            *(Route(path, self.take, methods=["POST"]) for path in forms),
        ]

    async def choose(self, request: Request) -> Response:
        """Which practice; where there is one only, that one."""
        staff, access = require(request, Role.MANAGER), self._office.access
        seen = await access.look(lambda conn: view(conn, self._office.book(conn), staff, access.clock()))
        if len(seen.practices) == 1:
            return RedirectResponse(address(seen.names[0], next(iter(TABS))), HTTPStatus.SEE_OTHER)
        return self._office.page(request, "settings.html", seen, tabs=TABS)

    async def show(self, request: Request) -> Response:
        """The form with what holds now."""
        require(request, Role.MANAGER)
        query = request.query_params
        asked = Asked(query.get("language", "").strip()[:20], query.get("queue", "").strip()[:LONGEST_NAME])
        return await self._page(request, Shown(asked=asked))

    async def take(self, request: Request) -> Response:
        """Save what was typed, or show how it would read."""
        form = await form_of(request, Role.MANAGER, MOST_FIELDS)
        staff, access, (name, leaf) = require(request, Role.MANAGER), self._office.access, place_of(request)
        typed, version, now = typed_in(form), version_of(form), access.clock()
        edit = partial(edited, leaf=leaf, typed=typed, ways=self._office.ways)
        if form.get("do") == "preview":
            return await self._preview(request, typed, version)

        def job(conn: Connection) -> Outcome | None:
            return save(conn, staff, self._office.book(conn).practices, name, version, edit, now)

        outcome = await access.write(job)
        if outcome is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if outcome.saved:
            return RedirectResponse(f"{address(name, leaf)}?said=saved", HTTPStatus.SEE_OTHER)
        other = outcome.overtaken
        if other is not None:
            typed = merged(SHEETS[leaf], other.base, outcome.row.document, typed)
        status = HTTPStatus.CONFLICT if other else HTTPStatus.UNPROCESSABLE_ENTITY
        return await self._page(request, Shown(typed, outcome.mistakes, other, status=status))

    async def _preview(self, request: Request, typed: Typed, version: int) -> Response:
        staff, access, (name, leaf) = require(request, Role.MANAGER), self._office.access, place_of(request)

        def look(conn: Connection) -> tuple[Practice | None, list[Mistake]]:
            row = found(conn, staff, name)
            edit = partial(edited, leaf=leaf, typed=typed, ways=self._office.ways)
            return checked(row, edit, staff, self._office.book(conn).practices)

        practice, mistakes = await access.look(look)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if mistakes else HTTPStatus.OK
        return await self._page(request, Shown(typed, tuple(mistakes), None, practice, version=version, status=status))

    async def _page(self, request: Request, shown: Shown) -> Response:
        staff, access, (name, leaf) = require(request, Role.MANAGER), self._office.access, place_of(request)
        now = access.clock()

        def look(conn: Connection) -> tuple[View, PracticeRow]:
            return view(conn, self._office.book(conn), staff, now), found(conn, staff, name)

        seen, row = await access.look(look)
        values = common(row, leaf, shown.overtaken, shown.version) | _values(SHEETS[leaf], row, leaf, shown)
        practice = read_practice(row.document)
        values["holidays"] = holidays.coming(practice, now)
        values["warnings"] += lacks(practice.notify, self._office.ways)
        response = self._office.page(request, "settings_form.html", seen, **values)
        response.status_code = shown.status
        return response


def edited(
    document: Mapping[str, Any], leaf: str, typed: Typed, ways: Ways
) -> tuple[Document, list[Mistake]]:
    """The document with what was typed into one of the forms."""
    changed, mistakes = SHEETS[leaf].put(document, typed)
    if leaf == "notify":
        mistakes += refused(at(changed, ("notify", "webhook")), ways)
    return changed, mistakes


def _values(sheet: Sheet, row: PracticeRow, leaf: str, shown: Shown) -> dict[str, Any]:
    """What the template shows of a form."""
    stored = read_practice(row.document)
    practice = shown.preview or (None if shown.typed is not None else stored)
    groups = sheet.groups(row.document, shown.typed, shown.asked)
    typed = sheet.typed(row.document, groups) | dict(shown.typed or {})
    made, elsewhere = shown_groups(groups, row.document, typed, shown.mistakes, practice)
    is_flow = isinstance(sheet, FlowSheet)
    return {
        "sheet": sheet,
        "groups": made,
        "wrong": len(shown.mistakes),
        "elsewhere": [(mistake.key, words_of(mistake)) for mistake in elsewhere],
        "warnings": [one for one in (shown.preview or stored).warnings() if not (is_flow and one.startswith(leaf))],
        "is_flow": is_flow,
        "is_preview": shown.preview is not None,
        "has_texts": any(one.widget == "text" for group in made for one in group.fields),
        "placeholders": PLACEHOLDERS,
        "queues": _queues_without_rules(row.document, leaf, typed) if is_flow else [],
    }


def _queues_without_rules(document: Mapping[str, Any], leaf: str, typed: Typed) -> list[str]:
    """The queues of all lines that have no rules of their own."""
    own = {typed[name] for name in typed if name.startswith("queue.") and name.count(".") == 1}
    own |= set(document.get(leaf, {}).get("queue", {}))
    return [queue for line in document.get("line", []) for queue in line.get("queues", []) if queue not in own]
