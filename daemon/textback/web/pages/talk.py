"""A conversation as its page shows it: the thread, the reply box, who it is, and the inbox beside it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from textback import chat, template
from textback.directory import Directory
from textback.model import ContactKind, Staff
from textback.store import account_list, callers, thread
from textback.web import shown
from textback.web.pages import inbox, snoozes
from textback.web.pages.drawn import drawn
from textback.web.pages.fragments import Fragment, Snapshot
from textback.web.pages.view import View, view
from textback.web.templates import part


@dataclass(frozen=True)
class Draft:
    """What stands in the reply box: a text with its key, and why it was not taken, if it was not.

    ``notice``: why something else was not done.
    """

    body: str = ""
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    refusal: str = ""
    overtaken: str = ""
    notice: str = ""


def look(
    conn: Connection, directory: Directory, staff: Staff, conversation: int, now: float, before: float | None = None
) -> tuple[View, dict[str, Any] | None]:
    """What somebody sees of a conversation; None where there is none such, or not for them."""
    seen = view(conn, directory, staff, now)
    talk = _find(conn, staff, conversation)
    if talk is None:
        return seen, None
    place = seen.place(talk["practice"])
    key = (talk["practice"], talk["number"])
    unsure = [] if talk["verified"] else [key]
    talk["elsewhere"] = callers.names_elsewhere(conn, unsure, directory.sharing_with).get(key, "")
    entries, more = thread.thread(conn, talk, before)
    told = Snapshot(tuple(_entries(entries, seen, talk)), seen.unread)
    people = thread.sharing(conn, talk["practice"], talk["number"])
    return seen, {
        "talk": talk,
        "place": place,
        "thread": told,
        "digest": told.digest,
        "more": more,
        "earliest": repr(entries[0]["sort"]) if entries else "",
        "seen": repr(max((one["sort"] for one in entries), default=now)),
        "sections": inbox.sections(inbox.open_tiles(conn, seen, conversation)),
        "people": people,
        "contact": next((one for one in people if one["id"] == talk["contact_id"]), None),
        "quick": _quick(conn, directory, staff, conversation),
        "colleagues": account_list.listing(conn, practice=talk["practice"], limit=0),
        "kinds": list(ContactKind),
        "snoozes": snoozes.CHOICES,
    }


def snapshot(conn: Connection, directory: Directory, staff: Staff, conversation: int, now: float) -> Snapshot:
    """The newest of the thread alone; empty where it is not for them."""
    seen = view(conn, directory, staff, now)
    talk = _find(conn, staff, conversation)
    entries = thread.thread(conn, talk)[0] if talk is not None else []
    return Snapshot(tuple(_entries(entries, seen, talk or {})), seen.unread)


def counted(body: str) -> str:
    """What carriers count: ``48 of 160 · 1 segment``."""
    found = template.segments(body)
    return f"{found.count} {'segment' if found.count == 1 else 'segments'} ({found.encoding})" if body else ""


def inserted(body: str, response: str) -> str:
    """The text with a quick response in place of the ``!!`` and what follows it, or at its end."""
    start = body.rpartition("!!")[0] if "!!" in body else body
    return f"{start.rstrip()} {response}".strip()


def is_there(conn: Connection, staff: Staff, conversation: int) -> bool:
    """Whether there is such a conversation for somebody to see."""
    return _find(conn, staff, conversation) is not None


def _find(conn: Connection, staff: Staff, conversation: int) -> dict[str, Any] | None:
    talk = thread.conversation(conn, conversation) if 0 < conversation < 2**31 else None
    return talk if talk is not None and staff.sees(talk["practice"]) else None


def _entries(rows: list[dict[str, Any]], seen: View, talk: Mapping[str, Any]) -> list[Fragment]:
    """What happened, each day under its name."""
    found: list[Fragment] = []
    last = ""
    for row in rows:
        place = seen.place(talk["practice"])
        day = shown.day(row["sort"], place, seen.now)
        if day != last:
            found.append(Fragment(f"day {day}", part("shown.html", "day", day)))
            last = day
        key = f"{row['what']} {row['id']}"
        html = drawn("entry", (row, key, seen, place, talk), (row, seen.manner, talk["id"], talk["practice"]))
        found.append(Fragment(key, html))
    return found


def _quick(conn: Connection, directory: Directory, staff: Staff, conversation: int) -> list[chat.Quick]:
    try:
        return chat.quick_responses(conn, directory, staff, conversation)
    except chat.Refused:  # the line is the practice's no more: there is nothing to answer from
        return []
