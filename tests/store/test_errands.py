"""What one daemon asks of another: asked once, done by who writes, withdrawn only while nobody has begun."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from textback.store import errands
from textback.store.errands import EXPIRES, Errand

ONE, TWO = Errand("1", "main", [{"kind": "Handled"}]), Errand("2", "branch", [])


@pytest.fixture
def conn(conn: Connection) -> Connection:
    errands.ask(conn, TWO, 101.0)
    errands.ask(conn, ONE, 100.0)
    errands.ask(conn, ONE, 100.0)
    return conn


def test_what_was_asked_waits_for_who_writes_for_its_pbx_in_order(conn: Connection) -> None:
    assert errands.waiting(conn, ["main", "branch"], 0.0) == [ONE, TWO]
    assert errands.waiting(conn, {"branch"}, 0.0) == [TWO]
    assert errands.waiting(conn, {"main", "branch"}, 100.5) == [TWO]


def test_what_is_done_has_an_answer_until_it_was_read(conn: Connection) -> None:
    assert errands.answered(conn, "1") is None
    assert errands.take(conn, "1", 102.0)
    assert errands.waiting(conn, ["main"], 0.0) == [ONE]  # who began may die over it
    errands.answer(conn, "1", {"call": None}, 103.0)
    assert (errands.answered(conn, "1"), errands.waiting(conn, ["main"], 0.0)) == ({"call": None}, [])
    errands.forget(conn, "1")
    assert errands.answered(conn, "1") is None


def test_what_nobody_has_begun_can_be_withdrawn(conn: Connection) -> None:
    assert errands.withdraw(conn, "1") and not errands.take(conn, "1", 102.0)
    assert errands.take(conn, "2", 102.0) and not errands.withdraw(conn, "2")


def test_what_is_old_is_taken_away(conn: Connection) -> None:
    errands.prune(conn, 100.5 + EXPIRES)
    assert errands.waiting(conn, ["main", "branch"], 0.0) == [TWO]
