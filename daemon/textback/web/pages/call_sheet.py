"""The calls of the log as CSV, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from textback import sheet
from textback.directory import Directory
from textback.model import Staff
from textback.store.calls import instant_text
from textback.web import shown
from textback.web.pages.call_filters import CallFilters, cursor
from textback.web.pages.call_rows import rows_of
from textback.web.pages.view import view

#: Calls that are looked for at a time.
PAGE = 500
_COLUMNS = (
    "id", "practice", "caller", "caller_name", "did", "queue", "started_at", "answered_at", "ended_at", "hold_seconds",
    "ring_seconds", "disposition", "voicemail", "answered_by", "flow", "verdict", "reason", "why", "text_status",
    "conversation_id", "attempts", "dealt_with_at", "dealt_with_by",
)  # fmt: skip
#: The first line, with the mark without which spreadsheets take UTF-8 for something else.
HEAD = "\ufeff" + sheet.lines([("contact", *_COLUMNS)])


def lines(
    conn: Connection, book: Callable[[Connection], Directory], staff: Staff, filters: CallFilters, now: float
) -> tuple[str, CallFilters | None]:
    """The lines of one page, and the filters of the next one, if there is one."""
    found, more = rows_of(conn, view(conn, book(conn), staff, now), filters, PAGE)
    return sheet.lines(map(_row, found)), None if more is None else replace(filters, before=cursor(more))


def _row(row: dict[str, Any]) -> list[Any]:
    contact = shown.plain(row["contact"].name) if row["contact"] else ""
    return [contact, *(_cell(name, row[name]) for name in _COLUMNS)]


def _cell(name: str, value: Any) -> Any:
    if name.endswith("_at"):
        return instant_text(value)
    return shown.plain(value) if isinstance(value, str) else value
