"""A session holds for whoever has its token, until it is over, ended, or its user removed."""

from __future__ import annotations

import hashlib
import re

import pytest
from sqlalchemy import Connection, event, select

from textback.model import Role
from textback.store import accounts, practices, sessions
from textback.store.sessions import IDLE, LONGEST, MOST, NOTED_EVERY
from textback.store.staff_tables import sessions as table

NOW = 1_795_262_400.0  # 2026-11-21 12:00:00 UTC
TOKEN, OTHER = "t" * 43, "o" * 43


@pytest.fixture
def kim(conn: Connection) -> int:
    practices.put(conn, "Grove", {"line": []}, "test", NOW)
    return accounts.add(
        conn, "kim", full_name="Kim", role=Role.STAFF, practices_of_theirs=["Clinic", "Grove"], password_hash="x",
        by="test", now=NOW,
    )  # fmt: skip


def start(conn: Connection, user: int, token: str = TOKEN, at: float = NOW) -> sessions.Session:
    return sessions.start(conn, token, user, now=at, address="192.0.2.7", agent="Firefox")


def holds(conn: Connection, at: float, token: str = TOKEN) -> bool:
    return sessions.find(conn, token, at) is not None


def test_tokens_are_256_bits_and_never_the_same() -> None:
    made = {sessions.new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in made)


def test_who_shows_the_token_is_the_user(conn: Connection, kim: int) -> None:
    made = start(conn, kim)
    found = sessions.find(conn, TOKEN, NOW + 1)
    assert found is not None
    assert found[0] == made
    assert (found[1].id, found[1].name, found[1].practices) == (kim, "kim", frozenset({"Clinic", "Grove"}))


def test_it_takes_one_query(conn: Connection, kim: int) -> None:
    start(conn, kim)
    asked: list[str] = []
    event.listen(conn, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert holds(conn, NOW)
    assert len(asked) == 1


@pytest.mark.parametrize("token", ["", "t", TOKEN.upper(), OTHER, hashlib.sha256(TOKEN.encode()).hexdigest()])
def test_another_token_is_nobodys(conn: Connection, kim: int, token: str) -> None:
    start(conn, kim)
    assert not holds(conn, NOW, token)


def test_the_token_itself_is_kept_nowhere(conn: Connection, kim: int) -> None:
    start(conn, kim)
    (row,) = conn.execute(select(table)).all()
    assert row.hash == hashlib.sha256(TOKEN.encode()).hexdigest()
    assert TOKEN not in map(str, row)


def test_who_is_not_seen_for_long_is_signed_out(conn: Connection, kim: int) -> None:
    start(conn, kim)
    assert holds(conn, NOW + IDLE - 1)
    assert not holds(conn, NOW + IDLE)


def test_who_is_seen_stays_but_not_for_ever(conn: Connection, kim: int) -> None:
    made = start(conn, kim)
    for hours in range(11, int(LONGEST / 3600), 11):
        assert holds(conn, NOW + hours * 3600)
        sessions.note_seen(conn, made.hash, NOW + hours * 3600)
    assert holds(conn, NOW + LONGEST - 1)
    assert not holds(conn, NOW + LONGEST)


def test_that_somebody_is_there_is_written_once_a_minute(conn: Connection, kim: int) -> None:
    made = start(conn, kim)
    for at in (1, NOTED_EVERY - 1, NOTED_EVERY, NOTED_EVERY + 1):
        sessions.note_seen(conn, made.hash, NOW + at)
    assert conn.execute(select(table.c.seen_at)).scalar() == NOW + NOTED_EVERY


def test_sessions_are_listed_and_ended(conn: Connection, kim: int) -> None:
    first, second, third = start(conn, kim), start(conn, kim, OTHER, NOW + 1), start(conn, kim, "x" * 43, NOW + 2)
    assert sessions.of(conn, kim, NOW + 3) == [third, second, first]
    assert sessions.end(conn, first.hash) and not sessions.end(conn, first.hash)
    assert sessions.end_one(conn, kim, second.id) and not sessions.end_one(conn, kim, second.id)
    assert sessions.of(conn, kim, NOW + 3) == [third]
    start(conn, kim)
    assert sessions.end_all(conn, kim, but=third.hash) == 1
    assert sessions.end_all(conn, kim) == 1


@pytest.mark.parametrize("session", ["", "%", "0", "zzzz"])
def test_what_is_no_session_ends_nothing(conn: Connection, kim: int, session: str) -> None:
    start(conn, kim)
    assert not sessions.end_one(conn, kim, session)


def test_nobody_ends_the_session_of_another(conn: Connection, kim: int) -> None:
    made = start(conn, kim)
    assert not sessions.end_one(conn, kim + 1, made.id)
    assert sessions.end_all(conn, kim + 1) == 0
    assert holds(conn, NOW)


def test_the_oldest_of_too_many_goes(conn: Connection, kim: int) -> None:
    for number in range(MOST + 2):
        start(conn, kim, f"{number:043}", NOW + number)
    assert len(sessions.of(conn, kim, NOW + MOST)) == MOST
    assert not holds(conn, NOW, f"{1:043}") and holds(conn, NOW, f"{2:043}")


def test_a_session_is_begun_once_also_if_its_commit_is_repeated(conn: Connection, kim: int) -> None:
    assert start(conn, kim) == start(conn, kim)
    assert len(sessions.of(conn, kim, NOW)) == 1


def test_what_is_over_is_forgotten(conn: Connection, kim: int) -> None:
    start(conn, kim)
    start(conn, kim, OTHER, NOW + 60)
    assert sessions.prune(conn, NOW + IDLE + 1) == 1
    assert sessions.prune(conn, NOW + 60 + LONGEST) == 1


def test_what_a_browser_calls_itself_may_be_anything(conn: Connection, kim: int) -> None:
    sessions.start(conn, TOKEN, kim, now=NOW, address="a\0" * 100, agent="\ud800\0<script>" * 100)
    (found,) = sessions.of(conn, kim, NOW)
    assert len(found.agent or "") == 255 and len(found.address or "") == 64
