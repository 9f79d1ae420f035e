from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection

from textback.store import practices, search as searching
from textback.store.search import search
from textback.store.tables import calls, contacts
from textback.store.wanted import Found

NOON = 1_795_262_400.0
_serial = count()


def know(conn: Connection, first: str | None, last: str | None, practice: str = "Clinic") -> str:
    """A contact; gives their number."""
    number = f"+1202555{next(_serial):04}"
    row = {"practice": practice, "number": number, "first_name": first, "last_name": last, "kind": "patient"}
    conn.execute(contacts.insert(), row | {"verified": True, "created_at": 0.0})
    return number


def call(conn: Connection, name: str | None, at: float = NOON, **columns: Any) -> str:
    """A call that came with a name; gives its id."""
    row: dict[str, Any] = {"id": f"main/{next(_serial)}", "pbx": "main", "practice": "Clinic", "started_at": at}
    row |= {"caller_name": name, "voicemail": False, "backfilled": False} | columns
    conn.execute(calls.insert(), row)
    return str(row["id"])


def numbers(conn: Connection, words: str, of: tuple[str | None, ...] | None = ("Clinic",)) -> set[str]:
    return set(search(conn, of, words, None).numbers)


@pytest.mark.parametrize("words", ["Álvaro", "álvaro ÑANDÚ", "ñandú"])
def test_letters_beyond_ascii_are_found_whichever_case_they_are_written_in(conn: Connection, words: str) -> None:
    if conn.exec_driver_sql("SELECT lower('Á')").scalar() != "á":
        pytest.skip("this server was set up for a language without such letters (locale C)")
    assert numbers(conn, words) == set()
    somebody = know(conn, "Álvaro", "Ñandú")
    assert numbers(conn, words) == {somebody}
    named = call(conn, "ÁLVARO ÑANDÚ")
    assert search(conn, ("Clinic",), words, None).calls == (named,)


def test_who_is_known_elsewhere_is_found_where_practices_share_and_only_if_it_is_sure_who_that_is(
    conn: Connection,
) -> None:
    practices.put(conn, "Eye", {"line": []}, "test", 0.0)
    greta = know(conn, "Greta", "Garbo", "Eye")
    stranger = know(conn, "Greta", "Gone", "Eye")
    conn.execute(contacts.update().where(contacts.c.number == stranger).values(verified=False))
    assert search(conn, ("Clinic",), "greta", None).numbers == ()
    assert search(conn, ("Clinic",), "greta", None, {"Eye"}).numbers == (greta,)


def test_a_whole_number_is_that_number(conn: Connection) -> None:
    assert search(conn, ("Clinic",), "202 555 0143", "+12025550143") == Found(numbers=("+12025550143",))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("0143", Found(digits="0143")), ("555-0143", Found(digits="5550143")), ("(0143)", Found(digits="0143")),
        ("143", Found()), ("", Found()), ("%", Found()), ("_", Found()), ("0%1_4'3", Found(digits="0143")),
    ],
)  # fmt: skip
def test_four_digits_or_more_are_the_last_ones_of_a_number(conn: Connection, words: str, found: Found) -> None:
    know(conn, "Ann", "Lee")
    assert search(conn, ("Clinic",), words, None) == found


def test_a_contact_is_found_by_parts_of_both_names_in_any_case_and_order(conn: Connection) -> None:
    ann, anna = know(conn, "Ann", "Lee"), know(conn, "Anna", None)
    know(conn, "Bob", "Leeds")
    assert numbers(conn, "ann") == {ann, anna}
    assert numbers(conn, "LEE  aNN") == {ann}
    assert numbers(conn, "ann bob") == set()


@pytest.mark.parametrize("odd", ["100%", "a_b", "O'Brien", 'say "hi"', "back\\slash", "a/b", "%", "_"])
def test_what_means_something_to_the_database_means_itself_in_a_name(conn: Connection, odd: str) -> None:
    theirs = know(conn, f"Ann {odd} x", None)
    for name in ("Ann 100 x", "Ann axb x", "Ann O Brien", "Ann say hi", "Ann backslash", "Ann ab"):
        know(conn, name, None)
    assert numbers(conn, f"ann {odd}") == {theirs}
    assert numbers(conn, f"ann {odd}zzz") == set()


def test_only_contacts_of_the_practices_that_are_asked_for_are_found(conn: Connection) -> None:
    practices.put(conn, "Ear", {"line": []}, "test", 0.0)
    here, there = know(conn, "Ann", "Lee"), know(conn, "Ann", "Leeds", "Ear")
    assert numbers(conn, "ann") == {here}
    assert numbers(conn, "ann", ("Ear", None)) == {there}
    assert numbers(conn, "ann", ("Clinic", "Ear")) == numbers(conn, "ann", None) == {here, there}
    assert numbers(conn, "ann", ()) == numbers(conn, "ann", (None,)) == set()


def test_calls_are_found_by_the_name_that_they_came_with(conn: Connection) -> None:
    lee, of_none = call(conn, "LEE, ANN"), call(conn, "Lee, Bob", practice=None)
    call(conn, None), call(conn, "Ann", practice="Ear")
    assert search(conn, ("Clinic",), "ann lee", None).calls == (lee,)
    assert set(search(conn, ("Clinic", None), "lee", None).calls) == {lee, of_none}


def test_names_are_looked_for_in_the_newest_calls_only(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "NAMES_WITHIN", 2)
    call(conn, "Ann", NOON)
    newer = {call(conn, "Ann", NOON + 1), call(conn, "Ann", NOON + 2)}
    call(conn, "Ann", NOON + 3, practice="Ear")
    assert set(search(conn, ("Clinic",), "ann", None).calls) == newer


def test_a_search_goes_on_with_so_many_and_no_more(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_FOUND", 2)
    for _ in range(3):
        know(conn, "Ann", "Lee"), call(conn, "Ann")
    found = search(conn, ("Clinic",), "ann", None)
    assert (len(found.numbers), len(found.calls)) == (2, 2)
