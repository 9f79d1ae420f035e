"""How far replies were fetched, and whose texts may still arrive."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, update

from textback.model import Direction, Status
from textback.store import messages, people, polls
from textback.store.messages import NewMessage
from textback.store.tables import messages as table

LINE, OTHER_LINE, NUMBER = "+15555550100", "+15555550101", "+15555550203"
NOW = 1_795_291_200.0


def sent(conn: Connection, message_id: str, **changes: Any) -> None:
    """A text that left the line a minute ago, with ``changes``."""
    thread = people.conversation_for(conn, "Clinic", LINE, NUMBER, NOW)
    new = NewMessage(
        id=message_id, conversation_id=thread, to_number=NUMBER, from_number=LINE, body="Hello", segments=1,
        encoding="GSM-7", created_at=NOW - 90.0, due_at=NOW - 90.0,
    )  # fmt: skip
    messages.add(conn, new)
    row = {"status": Status.SENT, "provider": "twilio", "provider_id": f"SM-{message_id}", "sent_at": NOW - 60.0}
    conn.execute(update(table).where(table.c.id == message_id).values(row | changes))


def test_a_line_that_was_never_asked_about_has_no_time(conn: Connection) -> None:
    assert polls.seen_until(conn, LINE) is None


def test_the_last_time_of_each_line_counts(conn: Connection) -> None:
    polls.save(conn, LINE, NOW)
    polls.save(conn, LINE, NOW + 10.5)
    polls.save(conn, OTHER_LINE, NOW - 5.0)
    assert (polls.seen_until(conn, LINE), polls.seen_until(conn, OTHER_LINE)) == (NOW + 10.5, NOW - 5.0)


def test_a_text_that_is_sent_and_no_more_is_on_its_way(conn: Connection) -> None:
    sent(conn, "m1")
    sent(conn, "m2", sent_at=None)
    found = polls.on_their_way(conn, "twilio", LINE, NOW - 600.0)
    assert found == {"SM-m1": NOW - 60.0, "SM-m2": NOW - 90.0}


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.DELIVERED},
        {"status": Status.UNDELIVERED},
        {"status": Status.UNKNOWN},
        {"provider": "console"},
        {"provider_id": None},
        {"from_number": OTHER_LINE},
        {"direction": Direction.IN},
        {"sent_at": NOW - 601.0},
    ],
)
def test_another_one_is_not(conn: Connection, changes: dict[str, Any]) -> None:
    sent(conn, "m1", **changes)
    assert polls.on_their_way(conn, "twilio", LINE, NOW - 600.0) == {}
