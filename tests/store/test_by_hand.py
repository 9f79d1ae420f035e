"""Texts by hand: written once under their id, and a second attempt under one of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from textback.store import by_hand, people
from textback.store.messages import NewMessage
from textback.store.tables import conversations, messages

NOW = 1_800_014_400.0
LINE, TO = "+12025550100", "+12025550143"


def new(conn: Connection, **changes: Any) -> NewMessage:
    talk = people.conversation_for(conn, "Clinic", LINE, TO, NOW)
    values = {"id": "1", "conversation_id": talk, "to_number": TO, "from_number": LINE, "body": "Hi", "segments": 1}
    values |= {"encoding": "GSM-7", "created_at": NOW, "due_at": NOW, "practice": "Clinic", "author": "ann"}
    return NewMessage(**(values | changes))  # type: ignore[arg-type]


def test_a_text_with_an_id_that_is_there_already_leaves_that_one_as_it_is(conn: Connection) -> None:
    assert not by_hand.is_written(conn, "1")
    by_hand.add_once(conn, new(conn))
    by_hand.add_once(conn, new(conn, body="Ho"))
    assert by_hand.is_written(conn, "1")
    assert conn.execute(select(messages.c.body, messages.c.priority)).all() == [("Hi", 0)]


def test_a_text_by_hand_moves_its_conversation_up(conn: Connection) -> None:
    by_hand.add_once(conn, new(conn, created_at=NOW + 5))
    assert conn.execute(select(conversations.c.last_message_at)).scalar_one() == NOW + 5


def test_the_second_attempt_has_always_the_same_id(conn: Connection) -> None:
    by_hand.add_once(conn, new(conn))
    again = by_hand.try_again(conn, "1", "bob", NOW + 60)
    assert again == by_hand.try_again(conn, "1", "eve", NOW + 61) == by_hand.second_id("1")
    rows = conn.execute(select(messages.c.id, messages.c.author, messages.c.body).order_by(messages.c.created_at)).all()
    assert rows == [("1", "ann", "Hi"), (again, "bob", "Hi")]
