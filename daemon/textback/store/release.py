"""What a person does with a text that waits for one: text now, or dismiss."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, exists, select, update

from textback.model import Status, Verdict
from textback.store.tables import calls, messages, optouts


class Refused(Exception):
    """The text cannot be released or cancelled; the message says why, without number or body."""


def release(conn: Connection, message_id: str, now: float) -> None:
    """Text now: a held text, or one of unknown fate, is queued, however old it is. Raises ``Refused``."""
    row = _one(conn, message_id)
    if conn.execute(select(exists().where(optouts.c.number == row.to_number))).scalar():
        raise Refused("the caller opted out of texts: nothing may leave for that number")
    _move(
        conn,
        message_id,
        (Status.HELD, Status.UNKNOWN),
        {"status": Status.QUEUED, "reason": None, "due_at": now, "expires_at": None, "claimed_by": None},
    )
    _judge(conn, row.call_id, Verdict.TEXT, "text: released by staff")


def cancel(conn: Connection, message_id: str) -> None:
    """Dismiss: a text that is held, queued or of unknown fate will not be sent. Raises ``Refused``."""
    row = _one(conn, message_id)
    from_states = (Status.HELD, Status.QUEUED, Status.UNKNOWN)
    _move(conn, message_id, from_states, {"status": Status.CANCELLED, "reason": "dismissed by staff"})
    if row.status == Status.HELD:
        _judge(conn, row.call_id, Verdict.SKIP, "skip: dismissed by staff")


def _one(conn: Connection, message_id: str) -> Any:
    row = conn.execute(
        select(messages.c.status, messages.c.call_id, messages.c.to_number).where(messages.c.id == message_id)
    ).first()
    if row is None:
        raise Refused("there is no such message: `textback messages list` shows their ids")
    return row


def _move(conn: Connection, message_id: str, states: tuple[Status, ...], values: dict[str, object]) -> None:
    """Compare and swap: whoever was faster, a person or the sender, wins."""
    changed = update(messages).where(messages.c.id == message_id, messages.c.status.in_(states)).values(values)
    if not conn.execute(changed).rowcount:
        status = conn.execute(select(messages.c.status).where(messages.c.id == message_id)).scalar()
        raise Refused(f"the message is {status}, not {' or '.join(states)}")


def _judge(conn: Connection, call_id: str | None, verdict: Verdict, why: str) -> None:
    if call_id is None:
        return
    row = conn.execute(select(calls.c.verdict, calls.c.why).where(calls.c.id == call_id)).first()
    if row is not None and row.verdict == Verdict.HELD:
        told = (row.why or "").removeprefix("held: ")
        conn.execute(update(calls).where(calls.c.id == call_id).values(verdict=verdict, why=f"{why} ({told})"[:255]))
