"""What is still on its way for a number: until it has come to an end, the person cannot be erased."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from textback.model import Direction, Status
from textback.store import release
from textback.store.tables import calls, messages

#: States of a text that a person can call back, and the one in which it is with the provider.
WAITING = (Status.QUEUED, Status.HELD, Status.UNKNOWN)


def of(conn: Connection, number: str) -> Iterator[str]:
    """Sentences about what a number (E.164, or as a call has it) has in flight, each with what can be done."""
    theirs = select(calls.c.id).where(calls.c.caller == number, calls.c.verdict.is_(None))
    for call in conn.execute(theirs).scalars():
        yield f"call {call} is on the line, or it is not decided yet whether it is texted: try again when it is over"
    if _texts(conn, number, (Status.SENDING,)):
        yield "a text to them is with the provider right now: try again in a minute"
    for message in _texts(conn, number, WAITING):
        yield f"text {message} waits: `textback messages cancel {message}`, or say --cancel"


def cancel(conn: Connection, number: str) -> None:
    """Dismiss the texts that wait.

    Raises ``release.Refused`` where the sender was faster.
    """
    for message in _texts(conn, number, WAITING):
        release.cancel(conn, message)


def _texts(conn: Connection, number: str, states: tuple[Status, ...]) -> list[str]:
    theirs = (messages.c.to_number == number, messages.c.direction == Direction.OUT.value)
    query = select(messages.c.id).where(*theirs, messages.c.status.in_([state.value for state in states]))
    return list(conn.execute(query.order_by(messages.c.created_at)).scalars())
