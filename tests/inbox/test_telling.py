"""What a reply has staff told of is written with it, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tests.inbox.posts import BOB, LINES, Post
from textback.sms import Inbound
from textback.store.notice_table import notices

EVERY_WAY = {"email": ["front@clinic.example", "desk@clinic.example"], "webhook": "https://crm.example/", "after": "5m"}


def told(post: Post) -> list[dict[str, Any]]:
    return post.rows(select(notices).order_by(notices.c.channel, notices.c.address))


def test_each_who_wants_to_know_is_told_on_their_own(post: Post) -> None:
    post.want(notify=EVERY_WAY)
    talk = post.text("Hello").conversation_id
    rows = told(post)
    assert [(row["channel"], row["address"]) for row in rows] == [
        ("email", "desk@clinic.example"), ("email", "front@clinic.example"), ("webhook", ""),
    ]  # fmt: skip
    assert {(row["conversation_id"], row["practice"], row["due_at"]) for row in rows} == {
        (talk, "Riverside", post.now + 300)
    }


def test_the_same_text_twice_has_nobody_told_twice(post: Post) -> None:
    post.want(notify=EVERY_WAY)
    text, ids = Inbound(sender=BOB, line=LINES[0]["number"], body="Hello", provider_id="SM1"), ("in-1", "out-1")
    post.take(text, ids)
    first = told(post)
    post.take(text, ids)
    assert told(post) == first and len(first) == 3


def test_a_text_that_cannot_be_stored_has_nobody_told(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.want(notify=EVERY_WAY)

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("textback.inbox.may_answer", full)
    monkeypatch.setattr("textback.inbox._by_rules", full)
    with pytest.raises(OSError, match="no space"):
        post.text("Hello")
    assert told(post) == [] and post.messages() == []


def test_a_late_text_is_told_of_in_its_time_from_now(post: Post) -> None:
    """Fetched after an outage, it is news all the same."""
    post.want(notify=EVERY_WAY)
    post.text("Hello", at=post.now - 3 * 86_400)
    assert {row["due_at"] for row in told(post)} == {post.now + 300}


def test_when_the_line_has_moved_whoever_has_it_now_is_told(post: Post) -> None:
    post.want(notify={"email": ["old@clinic.example"]})
    post.text("Hello")
    post.want(line=LINES[1:], notify={"email": ["old@clinic.example"]})
    grove = {"practice__name": "Grove", "practice__default": False, "line": LINES[:1]}
    post.want(**grove, notify={"email": ["new@clinic.example"]})
    with post.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE conversations SET unread_since = NULL")
    post.text("Anybody?")
    post.text("And me?", BOB)
    assert sorted(row["address"] for row in told(post)) == 2 * ["new@clinic.example"] + ["old@clinic.example"]
