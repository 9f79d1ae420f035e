"""The rows of the log, with who calls, and as HTML."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from textback.store import callers, log
from textback.web.pages.call_filters import CallFilters, cursor_text
from textback.web.pages.drawn import drawn
from textback.web.pages.fragments import Fragment
from textback.web.pages.view import View


def rows_of(
    conn: Connection, seen: View, filters: CallFilters, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """The calls of a page, each with its contact; and where the next page begins, if there is one."""
    found = log.page(conn, filters.wanted(conn, seen), filters.before, limit + 1)
    more = cursor_text(found[limit - 1]["place"]) if len(found) > limit else None
    return with_contacts(conn, seen, found[:limit]), more


def with_contacts(conn: Connection, seen: View, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Calls with who calls, as far as their practices know."""
    wanted = {(row["practice"], row["caller"]) for row in rows if row["caller"]}
    known = callers.callers(conn, wanted, seen.directory.sharing_with)
    return [row | {"contact": known.get((row["practice"], row["caller"]))} for row in rows]


def fragment(row: dict[str, Any], seen: View) -> Fragment:
    """A row of the log."""
    return Fragment(row["id"], drawn("call_row", (row, seen), (row, seen.manner)))
