from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select

from textback.model import Known
from textback.store import people, practices
from textback.store.tables import contacts, conversations, messages, optouts

ANN, BOB = "+12025550111", "+12025550122"
LINE, SECOND_LINE = "+12025550100", "+12025550101"
HOUR = 3600.0
NOW = 1_795_291_200.0
_serial = count()


def know(connection: Connection, number: str = ANN, practice: str = "Clinic") -> Known:
    return people.known(connection, [number], practice_of={number: practice}, now=NOW)[number]


def add_contact(connection: Connection, number: str = ANN, **columns: Any) -> None:
    row = {"practice": "Clinic", "number": number, "kind": "patient", "verified": True, "created_at": 0.0}
    connection.execute(contacts.insert(), row | columns)


def add_message(connection: Connection, number: str = ANN, **columns: Any) -> None:
    row: dict[str, Any] = {"id": f"m{next(_serial)}", "direction": "out", "flow": "missed", "status": "sent"}
    row["conversation_id"] = people.conversation_for(connection, "Clinic", LINE, number, 0.0)
    row |= {"to_number": number, "from_number": LINE, "body": "Sorry", "segments": 1, "encoding": "GSM-7"}
    row |= {"priority": 1, "created_at": HOUR, "due_at": HOUR}
    connection.execute(messages.insert(), row | columns)


def test_of_a_stranger_nothing_is_known(conn: Connection) -> None:
    assert know(conn) == Known()
    assert people.known(conn, [], practice_of={}, now=NOW) == {}


def test_a_verified_contact_of_the_practice_has_a_name_and_a_language(conn: Connection) -> None:
    practices.put(conn, "Ear", {"line": []}, "test", 0.0)
    add_contact(conn, first_name="Ann", last_name="Lee", language="es")
    add_contact(conn, practice="Ear", first_name="Annie", language="fr")
    assert know(conn) == Known(contact_first_name="Ann", contact_language="es", contact_verified=True)
    assert know(conn, practice="Ear").contact_first_name == "Annie"
    assert know(conn, practice="Nose") == Known()


def test_an_unverified_contact_is_told_from_a_verified_one(conn: Connection) -> None:
    add_contact(conn, first_name="Ann?", verified=False)
    assert know(conn) == Known(contact_first_name="Ann?", contact_verified=False)
    add_contact(conn, first_name="Ann", language="en")
    assert know(conn) == Known(contact_first_name="Ann", contact_language="en", contact_verified=True)


def test_a_number_that_several_share_has_no_name_but_the_language_they_agree_on(conn: Connection) -> None:
    add_contact(conn, first_name="Ann", language="es")
    add_contact(conn, first_name="Bob", language="es")
    assert know(conn) == Known(contact_first_name=None, contact_language="es", contact_verified=True)


def test_an_optout_holds_in_every_practice(conn: Connection) -> None:
    conn.execute(optouts.insert(), {"number": ANN, "at": 1.0, "source": "keyword"})
    assert know(conn, practice="Clinic").opted_out
    assert know(conn, practice="elsewhere").opted_out
    assert not know(conn, BOB).opted_out


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "delivered", "unknown"])
def test_an_automatic_text_counts_while_it_may_have_reached_its_caller(conn: Connection, status: str) -> None:
    add_message(conn, status=status)
    assert know(conn).last_automatic_text == HOUR
    assert know(conn).staff_wrote_at is None


@pytest.mark.parametrize("status", ["failed", "undelivered", "cancelled", "held"])
def test_an_automatic_text_that_went_nowhere_does_not_count(conn: Connection, status: str) -> None:
    add_message(conn, status=status)
    assert know(conn).last_automatic_text is None


@pytest.mark.parametrize(("status", "waits"), [("queued", True), ("sending", True), ("sent", False), ("held", False)])
def test_an_automatic_text_that_is_still_to_leave_is_known(conn: Connection, status: str, waits: bool) -> None:
    add_message(conn, status=status)
    add_message(conn, status="queued", flow=None)
    assert know(conn).text_waits is waits
    assert not know(conn, BOB).text_waits


def test_the_latest_automatic_text_counts_from_when_it_was_sent(conn: Connection) -> None:
    add_message(conn, created_at=HOUR, sent_at=9 * HOUR)
    add_message(conn, created_at=2 * HOUR)
    add_message(conn, created_at=20 * HOUR, status="failed")
    assert know(conn).last_automatic_text == 9 * HOUR


def test_what_staff_wrote_is_no_automatic_text_and_what_came_in_is_neither(conn: Connection) -> None:
    add_message(conn, flow=None, created_at=3 * HOUR)
    add_message(conn, direction="in", to_number=LINE, from_number=ANN, created_at=4 * HOUR)
    assert know(conn) == Known(staff_wrote_at=3 * HOUR)
    assert know(conn, LINE) == Known()


def test_the_last_time_that_staff_reached_a_number_is_remembered(conn: Connection) -> None:
    people.staff_reached(conn, ANN, 2 * HOUR, "main")
    people.staff_reached(conn, ANN, HOUR, "other")
    assert know(conn).staff_reached_at == 2 * HOUR
    assert know(conn, BOB).staff_reached_at is None


def test_a_thousand_numbers_cost_five_queries_for_each_five_hundred(conn: Connection, engine: Engine) -> None:
    numbers = [f"+1202556{i:04}" for i in range(1000)]
    add_message(conn, numbers[-1])
    queries: list[str] = []

    def note(connection: Connection, cursor: Any, statement: str, *rest: object) -> None:
        queries.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    found = people.known(conn, [*numbers, numbers[0]], practice_of={}, now=NOW)
    event.remove(engine, "before_cursor_execute", note)
    assert len(queries) == 10
    assert set(found) == set(numbers)
    assert [number for number, known in found.items() if known.last_automatic_text] == [numbers[-1]]


def test_a_line_and_a_number_have_one_conversation(conn: Connection) -> None:
    first = people.conversation_for(conn, "Clinic", LINE, ANN, 1.0)
    assert people.conversation_for(conn, "Clinic", LINE, ANN, 2.0) == first
    others = {
        people.conversation_for(conn, "Clinic", SECOND_LINE, ANN, 3.0),
        people.conversation_for(conn, "Clinic", LINE, BOB, 3.0),
    }
    assert len(others | {first}) == 3
    assert conn.execute(select(conversations.c.created_at).where(conversations.c.id == first)).scalar() == 1.0


def test_a_stranger_becomes_one_unverified_contact(conn: Connection) -> None:
    people.conversation_for(conn, "Clinic", LINE, ANN, 1.0)
    people.conversation_for(conn, "Clinic", SECOND_LINE, ANN, 2.0)
    (contact,) = conn.execute(select(contacts)).all()
    assert (contact.number, contact.practice, contact.verified, contact.kind) == (ANN, "Clinic", False, "contact")
    assert set(conn.execute(select(conversations.c.contact_id)).scalars()) == {contact.id}


def test_a_known_number_keeps_its_contact(conn: Connection) -> None:
    add_contact(conn, first_name="Ann")
    people.conversation_for(conn, "Clinic", LINE, ANN, 1.0)
    (contact,) = conn.execute(select(contacts)).all()
    assert conn.execute(select(conversations.c.contact_id)).scalar() == contact.id


def test_whose_conversation_it_is_where_several_share_a_number_is_left_to_staff(conn: Connection) -> None:
    add_contact(conn, first_name="Ann")
    add_contact(conn, first_name="Bob")
    people.conversation_for(conn, "Clinic", LINE, ANN, 1.0)
    assert conn.execute(select(conversations.c.contact_id)).scalar() is None
    assert len(conn.execute(select(contacts)).all()) == 2
