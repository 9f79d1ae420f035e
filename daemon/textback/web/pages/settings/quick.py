"""Quick responses: each is a form of its own, to change, move or take away; and one to add another."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
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
from textback.practice import message_in, read_practice
from textback.store.practices import PracticeRow
from textback.web.access import form_of, require
from textback.web.pages.office import Office
from textback.web.pages.settings.fields import SHORT, Document, Field, Typed, put, typed_of
from textback.web.pages.settings.form import ShownGroup, shown_groups, words_of
from textback.web.pages.settings.ground import HOME, MOST_FIELDS, address, common, found, typed_in, version_of
from textback.web.pages.settings.groups import Group
from textback.web.pages.settings.merging import kept
from textback.web.pages.settings.saving import Outcome, save
from textback.web.pages.settings.texts import own_language, text_fields
from textback.web.pages.view import View, view

LEAF, KEY = "quick_responses", "quick_response"
DOINGS = ("save", "remove", "up", "down")


@dataclass(frozen=True)
class Item:
    """A quick response as the page shows it; ``was``: its title as stored, empty for one that is new."""

    was: str
    text: str
    shown: ShownGroup
    is_open: bool
    is_first: bool = False
    is_last: bool = False


class QuickPage:
    """``/settings/PRACTICE/quick_responses``"""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses."""
        path = f"{HOME}/{{practice:path}}/{LEAF}"
        return [Route(path, self.show, methods=["GET"]), Route(path, self.take, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """All of them."""
        require(request, Role.MANAGER)
        return await self._page(request)

    async def take(self, request: Request) -> Response:
        """Save, move or take away one."""
        form = await form_of(request, Role.MANAGER, MOST_FIELDS)
        staff, access, name = require(request, Role.MANAGER), self._office.access, request.path_params["practice"]
        typed, version, now = typed_in(form), version_of(form), access.clock()
        if form.get("do") not in DOINGS:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        edit = partial(edited, typed=typed)

        def job(conn: Connection) -> Outcome | None:
            return save(conn, staff, self._office.book(conn).practices, name, version, edit, now)

        outcome = await access.write(job)
        if outcome is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if outcome.saved:
            return RedirectResponse(f"{address(name, LEAF)}?said=saved", HTTPStatus.SEE_OTHER)
        return await self._page(request, _overtaken(typed, outcome), outcome)

    async def _page(self, request: Request, typed: Typed | None = None, outcome: Outcome | None = None) -> Response:
        staff, access, name = require(request, Role.MANAGER), self._office.access, request.path_params["practice"]

        def look(conn: Connection) -> tuple[View, PracticeRow]:
            return view(conn, self._office.book(conn), staff, access.clock()), found(conn, staff, name)

        seen, row = await access.look(look)
        other, mistakes = (outcome.overtaken, outcome.mistakes) if outcome else (None, ())
        items, elsewhere = _items(row.document, typed, mistakes, request.query_params.get("language", "")[:20])
        values = common(row, LEAF, other) | {
            "items": items,
            "wrong": len(mistakes),
            "elsewhere": [(mistake.key, words_of(mistake)) for mistake in elsewhere],
            "warnings": read_practice(row.document).warnings(),
        }
        response = self._office.page(request, "settings_quick.html", seen, **values)
        if outcome is not None:
            response.status_code = HTTPStatus.CONFLICT if other else HTTPStatus.UNPROCESSABLE_ENTITY
        return response


def edited(document: Mapping[str, Any], typed: Typed) -> tuple[Document, list[Mistake]]:
    """The document with one of them saved, moved or taken away, as the form asks for."""
    changed: Document = copy.deepcopy(dict(document))
    all_of_them = changed.setdefault(KEY, [])
    place, doing = _place(document, typed), typed.get("do")
    if doing == "save":
        if place == len(all_of_them):
            all_of_them.append({})
        return put(_fields(document, place, typed), changed, typed), []
    if place < len(all_of_them):
        one = all_of_them.pop(place)
        if doing != "remove":
            all_of_them.insert(max(0, place + (-1 if doing == "up" else 1)), one)
        return changed, []
    return dict(document), []


def _overtaken(typed: Typed, outcome: Outcome) -> Typed:
    """What was typed, and what was left alone as it is by now, where both are about the same one."""
    base, now = outcome.overtaken and outcome.overtaken.base, outcome.row.document
    if not base or any(_place(one, typed) == len(one.get(KEY, [])) for one in (base, now)):
        return typed
    before, after = (typed_of(_fields(one, _place(one, typed), typed), one) for one in (base, now))
    return kept(before, after, typed)


def _place(document: Mapping[str, Any], typed: Typed) -> int:
    """Which one a form is about, by the title that it had; one that is there no more, or is new, comes last."""
    titles = [one.get("title") for one in document.get(KEY, [])]
    was = typed.get("was", "")
    return titles.index(was) if was in titles else len(titles)


def _fields(document: Mapping[str, Any], place: int, typed: Typed | None, asked: str = "") -> list[Field]:
    hint = "Staff find it by this: !! and the title, in the reply box."
    title = Field((KEY, place, "title"), "Title", SHORT, hint, name="title")
    return [title, *text_fields((KEY, place, "text"), document, typed, asked, name="text", extra=("staff",))]


def _items(
    document: Mapping[str, Any], typed: Typed | None, mistakes: tuple[Mistake, ...], asked: str
) -> tuple[list[Item], list[Mistake]]:
    there = document.get(KEY, [])
    at = None if typed is None or typed.get("do") != "save" else _place(document, typed)
    made, elsewhere = [], list(mistakes)
    for place, stored in enumerate([*there, {}]):
        its = typed if place == at else None
        group = Group("", tuple(_fields(document, place, its, asked)))
        values = typed_of(group.fields, document) | dict(its or {})
        wrong = mistakes if place == at else ()
        (shown,), rest = shown_groups([group], document, values, wrong, None)
        elsewhere = rest if place == at else elsewhere
        made.append(
            Item(
                stored.get("title", ""),
                message_in(stored.get("text", {}), own_language(document), *stored.get("text", {})) or "",
                _renumbered(shown, place),
                is_open=its is not None or bool(asked),
                is_first=place == 0,
                is_last=place == len(there) - 1,
            )
        )
    return made, elsewhere


def _renumbered(shown: ShownGroup, place: int) -> ShownGroup:
    """With ids that no other form of the page has."""
    return ShownGroup(shown.group, tuple(one.within(f"q{place}") for one in shown.fields), shown.previews)
