"""What waits in the queue and must not leave any more: it is looked for before every claim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, exists, literal, or_, select, update

from textback.limits import AFTER_QUIET
from textback.model import Answer, Decision, Status, Verdict
from textback.store.tables import calls, messages, optouts

#: The reason of a message, and of its call, that waited until it was too old to be of use.
TOO_OLD = "too_old"

_AT_ONCE = 500
#: Seconds by which a text of another daemon may be ahead of our clock, and by which trouble puts one off at most.
_AHEAD, _PUT_OFF = 300.0, 600.0


#: Nothing leaves for somebody who opted out, but for the one text that says so.
_SAYS_SO = Answer.OPT_OUT.value

_queued = select(messages.c.id, messages.c.call_id, messages.c.answer).where(messages.c.status == Status.QUEUED)


class Stopped(NamedTuple):
    """A text that was to leave and does not, at least not now, with its call, and what it is and why."""

    id: str
    call_id: str | None
    status: Status
    reason: str


def sweep(conn: Connection, now: float) -> list[Stopped]:
    """Take out of the queue what must not leave any more: too old, or opted out since it was written."""
    stopped = _cancel_unwanted(conn)
    late = conn.execute(_queued.where(messages.c.expires_at <= now).limit(_AT_ONCE)).all()
    # that nobody is there may be wrong by now, and is no question for a person
    stopped += _stop(conn, [row for row in late if row.answer is not None], Status.CANCELLED, TOO_OLD)
    return stopped + _stop(conn, [row for row in late if row.answer is None], Status.HELD, TOO_OLD)


def call_back(conn: Connection, now: float) -> None:
    """Texts that a clock has written which was set back since do not wait until its time has come once more."""
    ahead = (messages.c.status == Status.QUEUED, messages.c.created_at > now + _AHEAD)
    found = conn.execute(select(messages.c.id, messages.c.created_at, messages.c.due_at).where(*ahead).limit(_AT_ONCE))
    # what was put off for longer waits for its time of day, by whichever clock
    soon = [row.id for row in found if row.due_at <= row.created_at + _PUT_OFF]
    if soon:
        conn.execute(update(messages).where(messages.c.id.in_(soon), *ahead).values(due_at=now))


def _cancel_unwanted(conn: Connection) -> list[Stopped]:
    """All of them at once, however many: not one may be there when the next text is claimed."""
    is_out = exists().where(optouts.c.number == messages.c.to_number)
    which = (is_out, or_(messages.c.answer.is_(None), messages.c.answer != _SAYS_SO))
    rows = conn.execute(_queued.where(*which)).all()
    if rows:
        unwanted = update(messages).where(messages.c.status == Status.QUEUED, *which)
        conn.execute(unwanted.values(status=Status.CANCELLED, reason="opted_out"))
    return [Stopped(row.id, row.call_id, Status.CANCELLED, "opted_out") for row in rows]


def _stop(conn: Connection, rows: Sequence[Any], status: Status, reason: str) -> list[Stopped]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    queued = (messages.c.id.in_(ids), messages.c.status == Status.QUEUED)
    conn.execute(update(messages).where(*queued).values(status=status, reason=reason))
    if status is Status.HELD:
        held = select(messages.c.call_id).where(messages.c.id.in_(ids), messages.c.status == Status.HELD)
        why = "held: the text could not be sent before it was too old"
        told = {"verdict": Verdict.HELD, "reason": reason, "why": why}
        # Of whom the line is not over yet, the end of the call tells.
        conn.execute(update(calls).where(calls.c.id.in_(held), calls.c.ended_at.is_not(None)).values(told))
    return [Stopped(row.id, row.call_id, status, reason) for row in rows]


def withdraw(conn: Connection, message_id: str, call_id: str | None, decision: Decision) -> Stopped:
    """A text whose turn has come must not leave after all: it is cancelled, and its call was skipped.

    Where the decision is still to text, it waits until its new time instead.
    """
    mine = (messages.c.id == message_id, messages.c.status == Status.SENDING)
    if decision.verdict is Verdict.TEXT:
        assert decision.due_at is not None
        in_time = literal(decision.due_at + AFTER_QUIET, messages.c.expires_at.type)
        expires_at = case((messages.c.expires_at.is_not(None), in_time))
        later = {"status": Status.QUEUED, "due_at": decision.due_at, "expires_at": expires_at}
        conn.execute(update(messages).where(*mine).values(later))
        return Stopped(message_id, call_id, Status.QUEUED, "its time of day has not come")
    conn.execute(update(messages).where(*mine).values(status=Status.CANCELLED, reason=decision.reason))
    told = {"verdict": decision.verdict, "reason": decision.reason, "why": decision.why[:255]}
    conn.execute(update(calls).where(calls.c.id == call_id, calls.c.ended_at.is_not(None)).values(told))
    return Stopped(message_id, call_id, Status.CANCELLED, decision.reason)
