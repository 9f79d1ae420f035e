"""What all senders of an account have claimed: counted once, by one at a time."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine

from textback.store import paces


def test_it_begins_at_nothing_and_grows(conn: Connection) -> None:
    assert paces.claimed(conn, "twilio") == 0
    paces.claim(conn, "twilio", 3)
    paces.claim(conn, "twilio", 2)
    assert (paces.claimed(conn, "twilio"), paces.claimed(conn, "console")) == (5, 0)


def test_who_comes_while_another_one_claims_does_not_wait_for_that(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite lets only one program write at all")
    with engine.begin() as conn:
        paces.claimed(conn, "twilio")
    with engine.begin() as one, engine.begin() as two:
        assert (paces.claimed(one, "twilio"), paces.claimed(two, "twilio")) == (0, None)
        paces.claim(one, "twilio", 1)
    with engine.begin() as conn:
        assert paces.claimed(conn, "twilio") == 1
