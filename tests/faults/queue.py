"""Texts that wait in the table, put there without a call."""

from __future__ import annotations

from sqlalchemy import Engine

from textback.store import messages, people
from textback.store.messages import NewMessage

LINE, PRACTICE = "+12025550100", "Riverside"


def fill(engine: Engine, count: int, now: float, first: int = 0) -> list[str]:
    """So many texts, each to a number of its own, due at ``now`` (epoch seconds); gives their ids."""
    numbers = [f"+1202{6000000 + number}" for number in range(first, first + count)]
    with engine.begin() as connection:
        threads = people.conversations_for(connection, {(LINE, number): PRACTICE for number in numbers}, now)
        return messages.add_all(
            connection,
            [
                NewMessage(
                    conversation_id=threads[LINE, number], to_number=number, from_number=LINE, body=f"Hello {number}",
                    segments=1, encoding="GSM-7", created_at=now, due_at=now, practice=PRACTICE,
                )
                for number in numbers
            ],
        )
