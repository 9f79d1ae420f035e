from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from textback.store import people, practices
from textback.store.engine import StoreError
from textback.store.practices import PracticeRow
from textback.store.tables import conversations, lines

ONE, TWO = "+12025550100", "+12025550101"
CALLER = "+12025550143"


def document(*numbers: str, **wishes: Any) -> dict[str, Any]:
    return {"line": [{"name": f"Line {number[-1]}", "number": number} for number in numbers], **wishes}


def numbers(connection: Connection) -> dict[str, tuple[str, str]]:
    return {row.number: (row.practice, row.name) for row in connection.execute(select(lines))}


def test_a_practice_comes_back_as_it_was_put(conn: Connection) -> None:
    wishes = document(ONE, practice={"name": "Eye", "hours": {"mon": ["08:00-12:00"]}}, message="¿Cómo?")
    assert practices.put(conn, "Eye", wishes, "anna", 5.5) == 1
    assert practices.all_documents(conn) == [
        PracticeRow("Clinic", {"line": []}, 1, 0.0, "test"),
        PracticeRow("Eye", wishes, 1, 5.5, "anna"),
    ]


def test_the_version_grows_only_when_something_changed(conn: Connection) -> None:
    first = practices.put(conn, "Eye", document(ONE), "anna", 1.0)
    same = practices.put(conn, "Eye", document(ONE), "bert", 2.0)
    changed = practices.put(conn, "Eye", document(ONE, message="new"), "bert", 3.0)
    assert (first, same, changed) == (1, 1, 2)
    assert practices.all_documents(conn)[1].updated_by == "bert"


def test_tuples_are_no_change(conn: Connection) -> None:
    practices.put(conn, "Eye", {"line": (), "countries": ("US",)}, "anna", 1.0)
    assert practices.put(conn, "Eye", {"line": [], "countries": ["US"]}, "anna", 2.0) == 1


def test_lines_are_kept_in_step(conn: Connection) -> None:
    practices.put(conn, "Eye", document(ONE, TWO), "anna", 1.0)
    assert numbers(conn) == {ONE: ("Eye", "Line 0"), TWO: ("Eye", "Line 1")}
    renamed = {"line": [{"name": "Front desk", "number": TWO}]}
    practices.put(conn, "Eye", renamed, "anna", 2.0)
    assert numbers(conn) == {TWO: ("Eye", "Front desk")}
    practices.put(conn, "Eye", {"line": []}, "anna", 3.0)
    assert numbers(conn) == {}


def test_a_number_belongs_to_one_practice(conn: Connection) -> None:
    practices.put(conn, "Eye", document(ONE), "anna", 1.0)
    with pytest.raises(StoreError, match="already belongs to the practice 'Eye'") as caught:
        practices.put(conn, "Ear", document(TWO, ONE), "anna", 2.0)
    assert not caught.value.temporary
    assert [row.name for row in practices.all_documents(conn)] == ["Clinic", "Eye"]
    assert numbers(conn) == {ONE: ("Eye", "Line 0")}


def test_a_number_can_move_once_it_is_free(conn: Connection) -> None:
    practices.put(conn, "Eye", document(ONE), "anna", 1.0)
    practices.put(conn, "Eye", document(TWO), "anna", 2.0)
    practices.put(conn, "Ear", document(ONE), "anna", 3.0)
    assert numbers(conn) == {TWO: ("Eye", "Line 1"), ONE: ("Ear", "Line 0")}


def test_the_fingerprint_tells_any_change(conn: Connection) -> None:
    seen = [practices.fingerprint(conn)]
    practices.put(conn, "Eye", document(ONE), "anna", 1.0)
    seen.append(practices.fingerprint(conn))
    practices.put(conn, "Eye", document(ONE), "anna", 2.0)
    assert practices.fingerprint(conn) == seen[-1]
    practices.put(conn, "Eye", document(TWO), "anna", 2.0)
    seen.append(practices.fingerprint(conn))
    assert len(set(seen)) == 3


def test_every_version_is_kept_with_who_made_it(conn: Connection) -> None:
    practices.put(conn, "Eye", document(ONE), "anna", 1.0)
    practices.put(conn, "Eye", document(ONE), "ben", 2.0)
    practices.put(conn, "Eye", document(TWO), "carl", 3.0)
    first, second = PracticeRow("Eye", document(ONE), 1, 1.0, "anna"), PracticeRow("Eye", document(TWO), 2, 3.0, "carl")
    assert practices.versions(conn, "Eye") == [second, first]
    assert practices.versions(conn, "Eye", before=2) == practices.versions(conn, "Eye", before=2, limit=1) == [first]
    assert practices.versions(conn, "Eye", limit=1) == [second]
    assert practices.find(conn, "Eye", for_update=True) == second
    assert practices.find(conn, "eye") is None and practices.find(conn, "Ear") is None


def test_a_number_that_comes_to_another_practice_leaves_its_threads_behind(conn: Connection) -> None:
    """Else the texts of one would stand in the inbox of the other, and be answered there."""
    practices.put(conn, "Eye", document(ONE, TWO), "anna", 1.0)
    old = people.conversation_for(conn, "Eye", ONE, CALLER, 1.0)
    kept = people.conversation_for(conn, "Eye", TWO, CALLER, 1.0)
    practices.put(conn, "Eye", document(TWO), "anna", 2.0)
    practices.put(conn, "Ear", document(ONE), "anna", 3.0)
    new = people.conversation_for(conn, "Ear", ONE, CALLER, 3.0)
    assert len({old, kept, new}) == 3
    rows = {row.id: (row.practice, row.line) for row in conn.execute(select(conversations))}
    assert rows == {old: ("Eye", f"{ONE}~{old}"), kept: ("Eye", TWO), new: ("Ear", ONE)}
    practices.put(conn, "Ear", document(), "anna", 4.0)
    practices.put(conn, "Eye", document(ONE, TWO), "anna", 5.0)
    assert people.conversation_for(conn, "Eye", TWO, CALLER, 5.0) == kept
    assert people.conversation_for(conn, "Eye", ONE, CALLER, 5.0) not in (old, new)
