"""Who was erased stays opted out, though nobody knows the number any more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from textback.store import erased, keys, optouts, people, persons, thread
from textback.store.tables import erased_optouts
from textback.store.tables import optouts as table

ANN, BOB, LINE = "+15555550203", "+15555550204", "+12025550100"


def erase(conn: Connection, number: str = ANN) -> None:
    optouts.record(conn, number, 5.0, "text")
    assert optouts.erase(conn, number, 9.0)


def test_the_number_is_gone_and_the_opt_out_holds(conn: Connection) -> None:
    erase(conn)
    assert conn.execute(select(table)).all() == []
    (row,) = conn.execute(select(erased_optouts)).all()
    assert (len(row.hash), row.at, row.source, row.erased_at) == (64, 5.0, "text", 9.0)
    assert (optouts.is_opted_out(conn, ANN), optouts.since(conn, ANN)) == (True, 5.0)
    assert (optouts.is_opted_out(conn, BOB), optouts.since(conn, BOB)) == (False, None)


def test_whoever_judges_a_number_sees_it(conn: Connection) -> None:
    erase(conn)
    known = people.known(conn, [ANN, BOB], practice_of={}, now=10.0)
    assert (known[ANN].opted_out, known[BOB].opted_out) == (True, False)
    assert persons.person(conn, "Clinic", LINE, ANN).opted_out
    talk = people.conversation_for(conn, "Clinic", LINE, ANN, 10.0)
    row: dict[str, Any] = thread.conversation(conn, talk) or {}
    assert row["opted_out_at"] == 5.0


def test_another_key_would_not_find_it(conn: Connection) -> None:
    erase(conn)
    conn.exec_driver_sql(f"UPDATE {'`keys`' if conn.dialect.name == 'mariadb' else 'keys'} SET value = '00'")
    assert not optouts.is_opted_out(conn, ANN)


def test_no_key_is_made_up_before_somebody_is_erased(conn: Connection) -> None:
    optouts.record(conn, ANN, 5.0, "text")
    assert not optouts.erase(conn, BOB, 9.0)
    assert not optouts.is_opted_out(conn, BOB)
    assert keys.find(conn, erased.KEY) is None


def test_start_undoes_it(conn: Connection) -> None:
    erase(conn)
    assert optouts.remove(conn, ANN)
    assert not optouts.remove(conn, ANN)
    assert not optouts.is_opted_out(conn, ANN)


def test_who_says_stop_again_is_known_by_number_again_and_the_first_time_counts(conn: Connection) -> None:
    erase(conn)
    assert not optouts.opt_out(conn, ANN, 50.0, "staff")
    assert conn.execute(select(table)).all() == [(ANN, 5.0, "text")]
    assert conn.execute(select(erased_optouts)).all() == []


def test_erased_twice_there_is_still_one(conn: Connection) -> None:
    erase(conn)
    assert optouts.erase(conn, ANN, 10.0)
    erase(conn)
    assert len(conn.execute(select(erased_optouts)).all()) == 1


def test_they_are_listed_without_a_number(conn: Connection) -> None:
    erase(conn)
    optouts.record(conn, BOB, 7.0, "staff")
    told = [(row["number"], row["source"]) for row in optouts.listing(conn)]
    assert told == [(BOB, "staff"), (None, "text")]
    assert [row["number"] for row in optouts.listing(conn, since=6.0)] == [BOB]
    assert [row["number"] for row in optouts.listing(conn, limit=1)] == [BOB]
