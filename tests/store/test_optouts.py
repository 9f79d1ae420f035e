"""Opt-outs: the first time counts, what waits is cancelled, and who comes back can be texted."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from textback.model import Answer, Status
from textback.store import messages, optouts, people
from textback.store.tables import messages as texts
from textback.store.tables import optouts as table

ANN, BOB, LINE = "+15555550203", "+15555550204", "+12025550100"


def waiting(conn: Connection, number: str = ANN, **given: Any) -> str:
    """A text of ours that waits."""
    new = {"to_number": number, "from_number": LINE, "body": "Sorry", "segments": 1, "encoding": "GSM-7"}
    new |= {"conversation_id": people.conversation_for(conn, "Clinic", LINE, number, 1.0)}
    return messages.add(conn, messages.NewMessage(**({"created_at": 1.0, "due_at": 1.0} | new | given)))


def status(conn: Connection, message_id: str) -> str:
    return str(conn.execute(select(texts.c.status).where(texts.c.id == message_id)).scalar_one())


def test_a_number_opts_out_once_and_the_first_time_counts(conn: Connection) -> None:
    optouts.record(conn, ANN, 5.0, "twilio")
    optouts.record(conn, ANN, 9.0, "staff")
    assert conn.execute(select(table)).all() == [(ANN, 5.0, "twilio")]


def test_whether_and_since_when_is_known(conn: Connection) -> None:
    assert (optouts.is_opted_out(conn, ANN), optouts.since(conn, ANN)) == (False, None)
    optouts.record(conn, ANN, 5.0, "text")
    assert (optouts.is_opted_out(conn, ANN), optouts.since(conn, ANN)) == (True, 5.0)
    assert not optouts.is_opted_out(conn, BOB)


def test_who_comes_back_is_removed_once(conn: Connection) -> None:
    optouts.record(conn, ANN, 5.0, "text")
    optouts.record(conn, BOB, 5.0, "text")
    assert optouts.remove(conn, ANN)
    assert not optouts.remove(conn, ANN)
    assert (optouts.is_opted_out(conn, ANN), optouts.is_opted_out(conn, BOB)) == (False, True)


def test_opting_out_cancels_what_waits_but_for_the_confirmation(conn: Connection) -> None:
    waits = [waiting(conn), waiting(conn, status=Status.HELD), waiting(conn, answer=Answer.HELP)]
    confirmation, other = waiting(conn, answer=Answer.OPT_OUT), waiting(conn, BOB)
    assert optouts.opt_out(conn, ANN, 5.0, "text")
    assert [status(conn, one) for one in waits] == ["cancelled"] * 3
    assert (status(conn, confirmation), status(conn, other)) == ("queued", "queued")


def test_opting_out_again_is_told_and_cancels_what_waits_since(conn: Connection) -> None:
    assert optouts.opt_out(conn, ANN, 5.0, "text")
    since = waiting(conn)
    assert not optouts.opt_out(conn, ANN, 9.0, "text")
    assert status(conn, since) == "cancelled"
    assert optouts.since(conn, ANN) == 5.0


@pytest.mark.parametrize(
    ("limit", "since", "expected"), [(100, None, [3, 2, 1]), (2, None, [3, 2]), (0, 2.0, [3, 2]), (100, 9.0, [])]
)
def test_the_newest_are_listed_first(conn: Connection, limit: int, since: float | None, expected: list[int]) -> None:
    for at in (2, 1, 3):
        optouts.record(conn, f"+1555555020{at}", float(at), "text")
    rows = [
        {"number": f"+1555555020{at}", "at": f"1970-01-01T00:00:0{at}.000Z", "source": "text"} for at in expected
    ]
    assert optouts.listing(conn, limit=limit, since=since) == rows
