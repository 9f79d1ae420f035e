"""What every settings page of a practice stands on: where it is, whose it is, which version its forms are made from."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request

from textback.model import Staff
from textback.store import practices
from textback.store.practices import PracticeRow
from textback.store.signatures import signed
from textback.web.forms import Form
from textback.web.pages.settings.saving import Overtaken
from textback.web.pages.settings.sheets import TABS
from textback.web.pages.settings.words import told

HOME = "/settings"
#: Fields of the longest form: each queue of a practice may have rules and texts of its own.
MOST_FIELDS = 3000


def common(
    row: PracticeRow, leaf: str, other: Overtaken | None = None, version: int | None = None
) -> dict[str, Any]:
    """What every page of a practice shows; ``version``: that its forms are made from, if not the newest."""
    who, by_file = signed(other.by) if other else ("", False)
    return {
        "practice": row.name,
        "home": f"{HOME}/{quote(row.name, safe='')}",
        "leaf": leaf,
        "tabs": TABS,
        "version": row.version if version is None else version,
        "overtaken": other,
        "overtaken_changes": told(other.changes, row.document) if other and other.changes is not None else None,
        "overtaken_by": f"{who}, with a practice file" if by_file else who,
    }


def found(conn: Connection, staff: Staff, name: str) -> PracticeRow:
    """A practice that somebody sees; raises HTTPException, 404."""
    row = practices.find(conn, name) if "\0" not in name else None
    if row is None or not staff.sees(row.name):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return row


def place_of(request: Request) -> tuple[str, str]:
    """The practice that an address is about, and the last part of it."""
    return request.path_params["practice"], request.scope["path"].rpartition("/")[2]


def address(practice: str, leaf: str) -> str:
    """Where a page of a practice is."""
    return f"{HOME}/{quote(practice, safe='')}/{leaf}"


def typed_in(form: Form) -> dict[str, str]:
    """What was typed, with line ends as everybody else has them."""
    return {name: value.replace("\r\n", "\n") for name, value in form.items()}


def version_of(form: Form) -> int:
    """The version that a form was made from; raises HTTPException, 400."""
    text = form.get("version", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return int(text)
