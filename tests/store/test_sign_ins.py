"""Whoever guesses must wait, and nobody else; for a name that does not exist as long as for one that does."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from textback.store.sign_ins import FOR_ADDRESS, FOR_BOTH, FOR_NAME, KEPT, WINDOW, attempt, forgive, prune, wait
from textback.store.staff_tables import sign_in_failures as table

NOW = 1_795_262_400.0  # 2026-11-21 12:00:00 UTC
HERE, THERE = "192.0.2.7", "198.51.100.9"


def test_after_five_slips_one_waits_until_the_first_is_long_ago(conn: Connection) -> None:
    for number in range(FOR_BOTH):
        assert attempt(conn, "kim", HERE, NOW + number) == 0
    assert attempt(conn, "kim", HERE, NOW + 10) == WINDOW - 10
    assert attempt(conn, "kim", HERE, NOW + WINDOW - 1) == 1
    assert attempt(conn, "kim", HERE, NOW + WINDOW) == 0
    assert attempt(conn, "kim", HERE, NOW + WINDOW) == 1


def test_others_there_and_the_same_elsewhere_need_not_wait(conn: Connection) -> None:
    for _ in range(FOR_BOTH):
        attempt(conn, "kim", HERE, NOW)
    assert wait(conn, "lee", HERE, NOW) == wait(conn, "kim", THERE, NOW) == 0
    assert wait(conn, "kim", HERE, NOW) == WINDOW


def test_who_tries_many_names_waits(conn: Connection) -> None:
    for number in range(FOR_ADDRESS):
        assert attempt(conn, f"name{number}", HERE, NOW) == 0
    assert wait(conn, "lee", HERE, NOW) == WINDOW
    assert wait(conn, "lee", THERE, NOW) == 0


def test_a_name_that_is_tried_from_everywhere_waits(conn: Connection) -> None:
    for number in range(FOR_NAME):
        assert attempt(conn, "kim", f"192.0.2.{number}", NOW) == 0
    assert wait(conn, "kim", THERE, NOW) == WINDOW
    assert wait(conn, "lee", THERE, NOW) == 0


def test_a_thousand_wrong_passwords_keep_out_only_who_tries_them(conn: Connection) -> None:
    refused = sum(attempt(conn, f"name{number % 7}", HERE, NOW + number / 10) > 0 for number in range(1000))
    assert refused == 1000 - FOR_ADDRESS
    assert conn.execute(select(func.count()).select_from(table)).scalar() == FOR_ADDRESS
    assert all(wait(conn, f"name{number}", THERE, NOW + 100) == 0 for number in range(7))


def test_the_right_password_forgives_the_slips_of_that_name_there(conn: Connection) -> None:
    for _ in range(FOR_BOTH):
        attempt(conn, "kim", HERE, NOW)
    for _ in range(FOR_BOTH):
        attempt(conn, "kim", THERE, NOW)
    forgive(conn, "kim", HERE)
    assert (wait(conn, "kim", HERE, NOW), wait(conn, "kim", THERE, NOW)) == (0, WINDOW)


def test_a_clock_that_was_set_back_keeps_nobody_out(conn: Connection) -> None:
    for _ in range(FOR_ADDRESS):
        attempt(conn, "kim", HERE, NOW + 86_000)
    assert wait(conn, "kim", HERE, NOW) == 0


def test_failures_are_forgotten_after_a_day(conn: Connection) -> None:
    attempt(conn, "kim", HERE, NOW)
    attempt(conn, "kim", HERE, NOW + KEPT - 1)
    assert conn.execute(select(func.count()).select_from(table)).scalar() == 2
    attempt(conn, "kim", HERE, NOW + KEPT)
    assert conn.execute(select(func.min(table.c.at))).scalar() == NOW + KEPT - 1
    assert prune(conn, NOW + 3 * KEPT) == 2


def test_a_name_and_an_address_may_be_anything(conn: Connection) -> None:
    for name, address in (("\0\ud800" * 200, "\0"), ("", ""), ("kim\n", "x" * 1000)):
        for _ in range(FOR_BOTH):
            assert attempt(conn, name, address, NOW) == 0
        assert attempt(conn, name, address, NOW) == WINDOW
        forgive(conn, name, address)
        assert wait(conn, name, address, NOW) == 0
