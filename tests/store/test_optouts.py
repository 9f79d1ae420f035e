"""Opt-outs: the first time counts."""

from __future__ import annotations

from sqlalchemy import Connection, select

from textback.store import optouts
from textback.store.tables import optouts as table


def test_a_number_opts_out_once_and_the_first_time_counts(conn: Connection) -> None:
    optouts.record(conn, "+15555550203", 5.0, "twilio")
    optouts.record(conn, "+15555550203", 9.0, "staff")
    assert conn.execute(select(table)).all() == [("+15555550203", 5.0, "twilio")]
