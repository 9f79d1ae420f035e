"""Tokens are found by what they are, kept as hashes only, and refused once they are revoked."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from textback.model import Flow
from textback.store import webhook_tokens as tokens
from textback.store.tables import webhook_tokens as table
from textback.store.webhook_tokens import Grant

NOW = 1_795_262_400.0  # 2026-11-21 12:00:00 UTC
TOKEN, OTHER = "a" * 43, "b" * 43


def create(conn: Connection, token: str = TOKEN, **changes: Any) -> int:
    return tokens.create(conn, token, **{"practice": "Clinic", "flow": Flow.MISSED, "by": "kim", "now": NOW} | changes)


def test_a_token_allows_what_it_was_made_for(conn: Connection) -> None:
    first, second = create(conn), create(conn, OTHER, flow=Flow.CALL_TO_TEXT, language="es")
    assert tokens.find(conn, TOKEN) == Grant(first, "Clinic", Flow.MISSED, None)
    assert tokens.find(conn, OTHER) == Grant(second, "Clinic", Flow.CALL_TO_TEXT, "es")


@pytest.mark.parametrize("wrong", ["", "a", "a" * 42, "A" * 43, "a" * 44, hashlib.sha256(TOKEN.encode()).hexdigest()])
def test_what_is_no_token_allows_nothing(conn: Connection, wrong: str) -> None:
    create(conn)
    assert tokens.find(conn, wrong) is None


def test_the_token_itself_is_kept_nowhere(conn: Connection) -> None:
    create(conn, label="night desk")
    (row,) = conn.execute(select(table)).all()
    assert row.hash == hashlib.sha256(TOKEN.encode()).hexdigest()
    assert TOKEN not in map(str, row)


def test_the_same_token_is_never_two_webhooks(conn: Connection) -> None:
    create(conn)
    with pytest.raises(IntegrityError), conn.begin_nested():
        create(conn)


def test_a_token_that_was_revoked_allows_nothing_any_more(conn: Connection) -> None:
    made = create(conn)
    assert tokens.revoke(conn, made, NOW + 60) is True
    assert tokens.find(conn, TOKEN) is None
    assert tokens.revoke(conn, made, NOW + 120) is False
    assert conn.execute(select(table.c.revoked_at)).scalar() == NOW + 60


def test_what_was_never_made_cannot_be_revoked(conn: Connection) -> None:
    assert tokens.revoke(conn, 7, NOW) is None


def test_a_list_begins_with_the_newest_and_shows_no_hash(conn: Connection) -> None:
    first, second = create(conn, label="night desk"), create(conn, OTHER, now=NOW + 60, practice="Grove", language="es")
    tokens.note_use(conn, first, NOW + 90)
    newest, oldest = tokens.listing(conn)
    assert list(newest) == list(tokens.KEYS)
    assert (newest["id"], newest["practice"], newest["language"]) == (second, "Grove", "es")
    assert newest["created_at"] == "2026-11-21T12:01:00.000Z"
    assert oldest == {
        "id": first, "practice": "Clinic", "flow": "missed", "language": None, "label": "night desk",
        "created_at": "2026-11-21T12:00:00.000Z", "created_by": "kim", "last_used_at": "2026-11-21T12:01:30.000Z",
        "revoked_at": None,
    }  # fmt: skip


def test_a_list_can_be_cut(conn: Connection) -> None:
    first, second = create(conn), create(conn, OTHER, now=NOW + 60, practice="Grove")
    assert [row["id"] for row in tokens.listing(conn, limit=1)] == [second]
    assert [row["id"] for row in tokens.listing(conn, limit=0)] == [second, first]
    assert [row["id"] for row in tokens.listing(conn, since=NOW + 1)] == [second]
    assert [row["id"] for row in tokens.listing(conn, practice="Clinic")] == [first]


@pytest.mark.parametrize(("label", "kept"), [("x" * 300, "x" * 100), ("a\0b\ud800", "a\ufffdb?"), (None, None)])
def test_a_label_may_be_anything(conn: Connection, label: str | None, kept: str | None) -> None:
    create(conn, label=label)
    assert tokens.listing(conn)[0]["label"] == kept
