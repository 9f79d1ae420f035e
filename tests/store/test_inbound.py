"""Texts that came in, as they are stored: once, and cut to what every database takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from textback.model import Answer
from textback.store import inbound, messages, people
from textback.store.tables import calls, contacts, conversations
from textback.store.tables import messages as table

ANN, LINE, SECOND_LINE = "+12025550111", "+12025550100", "+12025550101"


def text(conn: Connection, **given: Any) -> inbound.NewText:
    new: dict[str, Any] = {"id": "1", "practice": "Clinic", "line": LINE, "sender": ANN, "body": "Hi", "at": 5.0}
    new |= {"segments": 1, "encoding": "GSM-7", "provider": "twilio", "provider_id": "SM1"}
    new |= given
    return inbound.NewText(conversation_id=people.conversation_for(conn, "Clinic", new["line"], ANN, 1.0), **new)


def test_the_first_with_an_id_of_the_provider_is_stored(conn: Connection) -> None:
    assert inbound.find(conn, "SM1") is None
    first = text(conn)
    assert inbound.add(conn, first)
    assert not inbound.add(conn, text(conn, id="2", body="Ho"))
    assert inbound.find(conn, "SM1") == inbound.Stored("1", first.conversation_id)
    assert conn.execute(select(table.c.id, table.c.body, table.c.media)).all() == [("1", "Hi", None)]


def test_a_sender_without_a_number_has_one_conversation_and_no_contact(conn: Connection) -> None:
    first = inbound.thread_without_contact(conn, "Clinic", LINE, "BANK", 1.0)
    assert inbound.thread_without_contact(conn, "Clinic", LINE, "BANK", 2.0) == first
    assert inbound.thread_without_contact(conn, "Clinic", LINE, "Bank", 2.0) != first
    assert conn.execute(select(contacts)).all() == []
    assert conn.execute(select(conversations.c.contact_id)).scalars().all() == [None, None]


def test_the_last_message_never_goes_back(conn: Connection) -> None:
    thread = inbound.thread_without_contact(conn, "Clinic", LINE, "BANK", 1.0)
    for at in (5.0, 3.0):
        inbound.note_message(conn, thread, at)
    assert conn.execute(select(conversations.c.last_message_at)).scalar() == 5.0


def test_automatic_answers_are_counted_by_conversation_and_time(conn: Connection) -> None:
    thread = people.conversation_for(conn, "Clinic", LINE, ANN, 1.0)
    other = people.conversation_for(conn, "Clinic", SECOND_LINE, ANN, 1.0)
    help_at = [(1.0, thread, Answer.HELP), (2.0, thread, Answer.HELP), (4.0, other, Answer.HELP)]
    for at, where, answer in [*help_at, (3.0, thread, None)]:
        new = messages.NewMessage(
            id=f"m{at}", conversation_id=where, to_number=ANN, from_number=LINE, body="", segments=1, encoding="GSM-7",
            created_at=at, due_at=at, answer=answer,
        )  # fmt: skip
        messages.add(conn, new)
    assert [inbound.answers_since(conn, thread, since) for since in (0.0, 1.0, 2.0)] == [2, 1, 0]
    assert [inbound.answer_of(conn, one) for one in ("m1.0", "m3.0", "none")] == [Answer.HELP, None, None]


def test_what_a_number_wrote_later_is_found_on_every_line(conn: Connection) -> None:
    for at, line in ((1.0, LINE), (2.0, LINE), (3.0, SECOND_LINE)):
        inbound.add(conn, text(conn, id=f"m{at}", provider_id=f"SM{at}", body=f"at {at}", at=at, line=line))
    assert sorted(inbound.bodies_after(conn, ANN, 1.0)) == ["at 2.0", "at 3.0"]
    assert inbound.bodies_after(conn, "+12025550122", 0.0) == []


def test_the_language_of_the_last_call_is_known(conn: Connection) -> None:
    thread = people.conversation_for(conn, "Clinic", LINE, ANN, 1.0)
    assert inbound.language_called_in(conn, thread) is None
    for started, language in ((1.0, "en"), (3.0, "es"), (2.0, "fr"), (4.0, None)):
        row = {"id": f"main/{started}", "pbx": "main", "started_at": started, "voicemail": False, "backfilled": False}
        conn.execute(calls.insert(), row | {"conversation_id": thread, "language": language})
    assert inbound.language_called_in(conn, thread) == "es"


@pytest.mark.parametrize(
    ("given", "kept"), [("Hi", "Hi"), ("a\0b", "a\ufffdb"), ("\ud800", "?"), ("é" * 40_000, "é" * 32_500), ("", "")]
)
def test_a_body_is_what_every_database_takes(given: str, kept: str) -> None:
    assert inbound.body_of(given) == kept


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_no_sender_is_too_long(sender: str) -> None:
    kept = inbound.sender_of(sender)
    assert len(kept) <= inbound.LONGEST_SENDER
    assert kept.encode().decode() == kept and "\0" not in kept
