from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import Connection

from textback.store import audit, optouts, people, practices, thread
from textback.store.audit import Action
from textback.store.staff_tables import notes
from textback.store.tables import calls, contacts, messages

ANN, LINE = "+12025550111", "+12025550100"
NOON = 1_795_262_400.0


@pytest.fixture
def row(conn: Connection) -> dict[str, Any]:
    """A conversation with nothing in it."""
    found = thread.conversation(conn, people.conversation_for(conn, "Clinic", LINE, ANN, NOON))
    assert found is not None
    return found


def write(conn: Connection, row: dict[str, Any], at: float, name: str | None = None) -> None:
    text = {"id": name or str(uuid.uuid4()), "conversation_id": row["id"], "direction": "out", "to_number": ANN}
    text |= {"from_number": LINE, "body": "Hello", "segments": 1, "encoding": "GSM-7", "status": "sent"}
    conn.execute(messages.insert(), text | {"priority": 1, "created_at": at, "due_at": at})


def note(conn: Connection, row: dict[str, Any], at: float) -> None:
    conn.execute(notes.insert(), {"id": f"n{at}", "conversation_id": row["id"], "author": "kim", "body": "x", "at": at})


def call(conn: Connection, at: float, **columns: Any) -> None:
    told = {"id": f"main/{at}", "pbx": "main", "practice": "Clinic", "caller": ANN, "started_at": at}
    conn.execute(calls.insert(), told | {"voicemail": False, "backfilled": False} | columns)


def shown(found: tuple[list[dict[str, Any]], bool]) -> list[tuple[str, float]]:
    return [(one["what"], one["sort"] - NOON) for one in found[0]]


def test_all_that_happened_stands_in_the_order_of_its_time(conn: Connection, row: dict[str, Any]) -> None:
    write(conn, row, NOON + 1)
    call(conn, NOON)
    call(conn, NOON + 3)
    note(conn, row, NOON + 2)
    audit.note(conn, NOON + 4, "kim", Action.CLOSED, conversation=row["id"])
    audit.note(conn, NOON + 5, "kim", Action.READ, conversation=row["id"])
    found = thread.thread(conn, row)
    assert shown(found) == [("call", 0.0), ("message", 1.0), ("note", 2.0), ("call", 3.0), ("action", 4.0)]
    assert found[1] is False


def test_nothing_of_another_number_practice_or_conversation_is_there(conn: Connection, row: dict[str, Any]) -> None:
    practices.put(conn, "Ear", {"line": []}, "test", 0.0)
    other = {"id": people.conversation_for(conn, "Ear", "+12025550200", ANN, NOON)}
    write(conn, other, NOON)
    note(conn, other, NOON)
    audit.note(conn, NOON, "kim", Action.CLOSED, conversation=other["id"])
    call(conn, NOON, practice="Ear")
    call(conn, NOON + 1, practice=None)
    call(conn, NOON + 2, caller="+12025550122")
    assert thread.thread(conn, row) == ([], False)


def test_going_back_page_by_page_shows_each_thing_once(conn: Connection, row: dict[str, Any]) -> None:
    for minute in range(40):
        write(conn, row, NOON + minute)
        note(conn, row, NOON + minute + 0.25)
        call(conn, NOON + minute + 0.5)
        audit.note(conn, NOON + minute + 0.75, "kim", Action.ASSIGNED, conversation=row["id"])
    call(conn, NOON - 1)
    pages, before, more = [], None, True
    while more:
        found, more = thread.thread(conn, row, before, limit=9)
        pages.append(found)
        before = found[0]["sort"]
    told = [(one["what"], one["id"]) for page in reversed(pages) for one in page]
    times = [one["sort"] for page in reversed(pages) for one in page]
    assert len(told) == len(set(told)) == 4 * 40 + 1
    assert times == sorted(times)
    assert [len(page) for page in pages] == [36, 36, 36, 36, 17]


def test_texts_of_one_moment_stand_on_one_page(conn: Connection, row: dict[str, Any]) -> None:
    for at, names in ((0, "ab"), (1, "cdef"), (2, "g")):
        for name in names:
            write(conn, row, NOON + at, name)
    found, more = thread.thread(conn, row, limit=3)
    assert (more, [one["id"] for one in found]) == (True, ["c", "d", "e", "f", "g"])
    older, more = thread.thread(conn, row, found[0]["sort"], limit=3)
    assert (more, [one["id"] for one in older]) == (False, ["a", "b"])


def test_each_page_of_a_long_thread_has_the_calls_of_its_time(conn: Connection, row: dict[str, Any]) -> None:
    for number in range(3 * thread.CALLS):
        call(conn, NOON + number)
    write(conn, row, NOON)
    write(conn, row, NOON + 2.5 * thread.CALLS)
    found, more = thread.thread(conn, row, limit=1)
    assert more and shown((found, more))[0] == ("message", 2.5 * thread.CALLS)
    older, more = thread.thread(conn, row, before=found[0]["sort"], limit=1)
    assert not more
    assert [one["what"] for one in older].count("call") == thread.CALLS


def test_a_conversation_is_told_with_its_contact_and_whether_they_opted_out(conn: Connection) -> None:
    number = people.conversation_for(conn, "Clinic", LINE, ANN, NOON)
    conn.execute(contacts.update().values(first_name="Ann", language="es"))
    row = thread.conversation(conn, number)
    assert row is not None
    assert (row["number"], row["first_name"], row["language"], row["opted_out_at"]) == (ANN, "Ann", "es", None)
    optouts.record(conn, ANN, NOON + 5, "keyword")
    row = thread.conversation(conn, number)
    assert row is not None and row["opted_out_at"] == NOON + 5
    assert thread.conversation(conn, number + 1) is None


def test_those_who_share_a_number_are_told_by_name(conn: Connection) -> None:
    for first in ("Tom", "Ann"):
        told = {"practice": "Clinic", "number": ANN, "first_name": first, "kind": "patient", "verified": True}
        conn.execute(contacts.insert(), told | {"created_at": 0.0})
    assert [one["first_name"] for one in thread.sharing(conn, "Clinic", ANN)] == ["Ann", "Tom"]
    assert thread.sharing(conn, "Ear", ANN) == thread.sharing(conn, "Clinic", LINE) == []
