"""What waits in the queue and must not leave any more is taken out of it before every claim."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from textback.model import Answer, Status, Verdict
from textback.store import claims, messages, optouts
from textback.store.sweep import Stopped
from textback.store.tables import calls, messages as table

from .test_messages import NOW, text, thread

__all__ = ["thread"]


def call(conn: Connection, call_id: str) -> Any:
    return conn.execute(select(calls).where(calls.c.id == call_id)).one()


def row(conn: Connection, message_id: str) -> Any:
    return conn.execute(select(table).where(table.c.id == message_id)).one()


def test_a_text_that_got_too_old_is_held_and_its_call_says_so(conn: Connection, thread: int) -> None:
    for call_id in ("a/1", "a/2"):
        conn.execute(calls.insert(), {"id": call_id, "pbx": "a", "started_at": NOW, "ended_at": NOW, "verdict": "text"})
    messages.add(conn, text(thread, id="old", call_id="a/1", expires_at=NOW + 600))
    messages.add(conn, text(thread, id="new", call_id="a/2", expires_at=NOW + 601))
    claimed = claims.claim(conn, NOW + 600, "us")
    assert claimed is not None and claimed.id == "new"
    assert (row(conn, "old").status, row(conn, "old").reason) == (Status.HELD, "too_old")
    assert (call(conn, "a/1").verdict, call(conn, "a/1").reason) == (Verdict.HELD, "too_old")
    assert call(conn, "a/1").why.startswith("held: ")
    assert call(conn, "a/2").verdict == Verdict.TEXT


def test_a_text_on_its_way_does_not_get_too_old(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread, id="m", expires_at=NOW + 600))
    claims.claim(conn, NOW, "us")
    claims.claim(conn, NOW + 700, "us")
    assert row(conn, "m").status == Status.SENDING


def test_not_one_text_that_is_too_old_leaves_however_many_there_are(conn: Connection, thread: int) -> None:
    messages.add_all(conn, [text(thread, id=f"m{n}", expires_at=NOW + 600) for n in range(501)])
    assert claims.claim(conn, NOW + 600, "us") is None
    assert claims.claim(conn, NOW + 600, "us") is None
    states = conn.execute(select(table.c.status).distinct()).scalars().all()
    assert states == [Status.HELD]


def test_who_opted_out_meanwhile_gets_nothing(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread, id="theirs"))
    messages.add(conn, text(thread, id="others", to_number="+15555550204"))
    optouts.record(conn, "+15555550203", NOW + 1, "twilio")
    claimed = claims.claim(conn, NOW + 2, "us")
    assert claimed is not None and claimed.id == "others"
    assert (row(conn, "theirs").status, row(conn, "theirs").reason) == (Status.CANCELLED, "opted_out")


def test_nobody_of_a_thousand_who_opted_out_gets_anything(conn: Connection, thread: int) -> None:
    for number in range(1000):
        messages.add(conn, text(thread, id=f"m{number}", to_number=f"+1555555{number:04}"))
        optouts.record(conn, f"+1555555{number:04}", NOW + 1, "twilio")
    assert claims.claim(conn, NOW + 2, "us") is None


def test_what_is_taken_out_of_the_queue_is_told_once_with_why(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread, id="both", expires_at=NOW + 1))
    messages.add(conn, text(thread, id="late", to_number="+15555550204", expires_at=NOW + 1, call_id="a/1"))
    messages.add(conn, text(thread, id="answer", to_number="+15555550205", expires_at=NOW + 1, answer=Answer.CLOSED))
    optouts.record(conn, "+15555550203", NOW + 1, "twilio")
    told: list[Stopped] = []
    assert claims.claim(conn, NOW + 2, "us", tell=told.extend) is None
    assert sorted(told) == [
        ("answer", None, Status.CANCELLED, "too_old"),
        ("both", None, Status.CANCELLED, "opted_out"),
        ("late", "a/1", Status.HELD, "too_old"),
    ]
    assert claims.claim(conn, NOW + 2, "us", tell=told.extend) is None and len(told) == 3


def test_for_somebody_who_opted_out_only_the_text_that_says_so_may_leave(conn: Connection, thread: int) -> None:
    optouts.record(conn, "+15555550203", NOW - 1, "text")
    messages.add(conn, text(thread, id="reply", flow=None))
    messages.add(conn, text(thread, id="confirmation", flow=None, answer=Answer.OPT_OUT, created_at=NOW + 1))
    claimed = claims.claim(conn, NOW, "us")
    assert claimed is not None and claimed.id == "confirmation"
    assert row(conn, "reply").status == Status.CANCELLED
