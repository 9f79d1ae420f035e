"""What a person does with a text that waits for one: text now, or dismiss."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select, update

from textback.directory import Directory
from textback.model import Known, Status, Verdict
from textback.practice import Practice
from textback.store import people
from textback.store.tables import calls, messages

#: The reason of a text that a person did not want to leave.
DISMISSED = "dismissed by staff"
#: Characters of a person's name that are kept.
LONGEST_AUTHOR = 100

_COLUMNS = (
    messages.c.status, messages.c.reason, messages.c.call_id, messages.c.practice, messages.c.to_number,
    messages.c.from_number, messages.c.body, messages.c.segments, messages.c.due_at, messages.c.provider_id,
)  # fmt: skip


class Refused(Exception):
    """What a person wants of a text cannot be done; the message says why, without number or body."""


def release(conn: Connection, directory: Directory, message_id: str, author: str, now: float) -> None:
    """Text now: a held text, or one of unknown fate, is queued, however old it is. Raises ``Refused``.

    ``author`` answers for it from now on. Done again with the same ``now`` (epoch seconds), it changes nothing.
    """
    row = message(conn, message_id)
    if was_queued_at(row, now):
        return
    require_allowed(conn, practice_of(directory, row), row.to_number, now)
    move(conn, message_id, (Status.HELD, Status.UNKNOWN), queued_again(author, now))
    _judge(conn, row.call_id, Verdict.TEXT, "text: released by staff")


def cancel(conn: Connection, message_id: str) -> None:
    """Dismiss: a text that is held, queued or of unknown fate will not be sent. Raises ``Refused``."""
    row = message(conn, message_id)
    if (row.status, row.reason) == (Status.CANCELLED, DISMISSED):
        return
    from_states = (Status.HELD, Status.QUEUED, Status.UNKNOWN)
    move(conn, message_id, from_states, {"status": Status.CANCELLED, "reason": DISMISSED})
    if row.status == Status.HELD:
        _judge(conn, row.call_id, Verdict.SKIP, f"skip: {DISMISSED}")


def require_allowed(conn: Connection, practice: Practice | None, number: str, now: float) -> Known:
    """What is known of a number (E.164); raises ``Refused`` where nothing may leave for it, not even by hand."""
    practice_of = {number: practice.name} if practice is not None else {}
    known = people.known(conn, [number], practice_of=practice_of, now=now)[number]
    if known.opted_out:
        raise Refused(
            "they opted out of texts: nothing may leave for that number until they text START, or until they tell you"
            " so and you say `textback optout remove`"
        )
    if practice is not None and practice.mode == "test" and number not in practice.test_numbers:
        raise Refused(f"{practice.name} is in test mode, and that is none of its test_numbers")
    if known.landline:
        raise Refused("the number is known not to receive texts")
    return known


def message(conn: Connection, message_id: str) -> Any:
    """What matters here of one message; raises ``Refused`` if there is none."""
    row = conn.execute(select(*_COLUMNS).where(messages.c.id == message_id)).first()
    if row is None:
        raise Refused("there is no such message: `textback messages list` shows their ids")
    return row


def practice_of(directory: Directory, row: Any) -> Practice | None:
    """The practice in whose name a text was written, as it is now."""
    return next((one for one in directory.practices if one.name == row.practice), None)


def was_queued_at(row: Any, now: float) -> bool:
    """Whether this very job queued the text already, and only its COMMIT went unanswered."""
    return row.status not in (Status.HELD, Status.UNKNOWN, Status.FAILED) and abs(row.due_at - now) < 1e-5


def queued_again(author: str, now: float) -> dict[str, object]:
    """The columns of a text that is to leave, however old it is, because a person says so; who wrote it stays."""
    by = func.coalesce(messages.c.author, author[:LONGEST_AUTHOR])
    queued = {"status": Status.QUEUED, "reason": None, "due_at": now, "expires_at": None, "claimed_by": None}
    return queued | {"author": by}


def move(conn: Connection, message_id: str, states: tuple[Status, ...], values: dict[str, object]) -> None:
    """Compare and swap: whoever was faster, a person or the sender, wins. Raises ``Refused``."""
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
