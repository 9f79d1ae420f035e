"""The inbox: a tile for each conversation in which somebody has replied, unread ones first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from textback.directory import Directory
from textback.model import ContactKind, Staff, TileState
from textback.store import callers, log, tile_list
from textback.store.strands import Place as Cursor
from textback.store.tile_list import CONTACTS, NOBODY, PATIENTS, Tiles
from textback.web.access import require
from textback.web.pages.call_filters import LONGEST_SEARCH, cursor, cursor_text, whole_number
from textback.web.pages.drawn import drawn
from textback.web.pages.fragments import Fragment, Snapshot
from textback.web.pages.office import Office
from textback.web.pages.view import View, view

#: Tiles on a page.
PAGE = 60
STATES = {TileState.OPEN: "Open", TileState.SNOOZED: "Snoozed", TileState.CLOSED: "Closed"}
WITHS = {"": "Anybody", "me": "Me", "nobody": "Nobody"}
SECTIONS = {PATIENTS: "Patients", CONTACTS: "Contacts"}
_NAMES = ("q", "state", "with", "practice")


@dataclass(frozen=True)
class BoxFilters:
    """What the address asks for."""

    asked: Mapping[str, str]
    before: Cursor | None

    @property
    def is_narrow(self) -> bool:
        """Whether less is shown than all that is open."""
        return any(self.asked[name] for name in ("q", "with", "practice")) or self.asked["state"] != TileState.OPEN

    def query(self, **changes: str) -> str:
        """The same, changed, as the query of a link."""
        return urlencode({name: value for name, value in ({**self.asked} | changes).items() if value})

    @property
    def live(self) -> str:
        """The query of just this page, to hear of its changes: an earlier page hears nothing of newer rows."""
        return self.query(before=cursor_text(self.before) if self.before else "")

    def wanted(self, conn: Connection, seen: View) -> Tiles:
        """The tiles that are meant, of those that are theirs to see."""
        named = self.asked["practice"]
        practices = seen.names
        if named:
            practices = (named,) if seen.staff.sees(named) else ()
        words = self.asked["q"]
        theirs = None if seen.staff.practices is None and not named else practices
        number = whole_number(words, seen)
        found = log.search(conn, theirs, words, number, seen.sharing(theirs)) if words else None
        assignee = {"": None, "me": seen.staff.name, "nobody": NOBODY}[self.asked["with"]]
        return Tiles(practices, TileState(self.asked["state"]), None, assignee, found)


class InboxPages:
    """The inbox as a page."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses."""
        return [Route("/inbox", self.inbox)]

    async def inbox(self, request: Request) -> Response:
        """The tiles, in two sections."""
        staff, access = require(request), self._office.access
        query, now = dict(request.query_params), access.clock()

        def look_at(conn: Connection) -> tuple[View, Snapshot, str | None]:
            seen = view(conn, self._office.book(conn), staff, now)
            return seen, *_tiles(conn, seen, read(query))

        seen, shown, more = await access.look(look_at)
        values: dict[str, Any] = {"box": read(query), "sections": sections(shown), "digest": shown.digest}
        values |= {"more": more, "states": STATES, "withs": WITHS}
        return self._office.page(request, "inbox.html", seen, **values)


def read(query: Mapping[str, str]) -> BoxFilters:
    """The filters in an address; what makes no sense there is as if it were not there."""
    asked = {name: query.get(name, "").strip().replace("\0", "") for name in _NAMES}
    asked["q"] = asked["q"][:LONGEST_SEARCH]
    asked["state"] = asked["state"] if asked["state"] in STATES else TileState.OPEN
    asked["with"] = asked["with"] if asked["with"] in WITHS else ""
    before = cursor(query.get("before", ""))
    is_ours = before is not None and str(before.id).isascii() and str(before.id).isdigit() and len(before.id) < 10
    return BoxFilters(asked, Cursor(before.key, int(before.id)) if before is not None and is_ours else None)


def snapshot(conn: Connection, directory: Directory, staff: Staff, query: Mapping[str, str], now: float) -> Snapshot:
    """The tiles of a page alone."""
    return _tiles(conn, view(conn, directory, staff, now), read(query))[0]


def open_tiles(conn: Connection, seen: View, current: int) -> Snapshot:
    """The tiles beside a conversation."""
    rows = _named(conn, seen, tile_list.page(conn, Tiles(seen.names), limit=PAGE))
    return Snapshot(tuple(_fragment(row, seen, current) for row in rows), seen.unread)


def sections(shown: Snapshot) -> list[tuple[str, str, list[Fragment]]]:
    """The name and title of each section, and the tiles in it."""
    return [
        (name, title, [part for part in shown.fragments if part.section == name]) for name, title in SECTIONS.items()
    ]


def _tiles(conn: Connection, seen: View, box: BoxFilters) -> tuple[Snapshot, str | None]:
    rows = _named(conn, seen, tile_list.page(conn, box.wanted(conn, seen), box.before, PAGE + 1))
    # the unread ones come besides, on the first page
    read_ones = [row for row in rows if row["unread_since"] is None or box.asked["state"] != TileState.OPEN]
    more = cursor_text(read_ones[PAGE - 1]["place"]) if len(read_ones) > PAGE else None
    shown = rows[:-1] if more is not None else rows
    return Snapshot(tuple(_fragment(row, seen) for row in shown), seen.unread), more


def _named(conn: Connection, seen: View, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tiles with the names by which other practices know those whom theirs does not."""
    unsure = [(row["practice"], row["number"]) for row in rows if not row["verified"]]
    names = callers.names_elsewhere(conn, unsure, seen.directory.sharing_with)
    return [row | {"elsewhere": names.get((row["practice"], row["number"]), "")} for row in rows]


def _fragment(row: dict[str, Any], seen: View, current: int | None = None) -> Fragment:
    section = PATIENTS if row["kind"] == ContactKind.PATIENT else CONTACTS
    html = drawn("tile", (row, seen, current), (row, seen.manner, row["id"] == current))
    return Fragment(str(row["id"]), html, section)
