"""What waits in the queue and must not leave any more: it is looked for before every claim."""

from __future__ import annotations

from sqlalchemy import Connection, exists, or_, select, update

from textback.model import Answer, Decision, Status, Verdict
from textback.store.tables import calls, messages, optouts

#: The reason of a message, and of its call, that waited until it was too old to be of use.
TOO_OLD = "too_old"

_AT_ONCE = 500
#: Seconds by which a text of another daemon may be ahead of our clock, and by which trouble puts one off at most.
_AHEAD, _PUT_OFF = 300.0, 600.0


#: Nothing leaves for somebody who opted out, but for the one text that says so.
_SAYS_SO = Answer.OPT_OUT.value


def sweep(conn: Connection, now: float) -> None:
    """Take out of the queue what must not leave any more: too old, or opted out since it was written."""
    conn.execute(
        update(messages)
        .where(
            messages.c.status == Status.QUEUED,
            or_(messages.c.answer.is_(None), messages.c.answer != _SAYS_SO),
            exists().where(optouts.c.number == messages.c.to_number),
        )
        .values(status=Status.CANCELLED, reason="opted_out")
    )
    late = (messages.c.status == Status.QUEUED, messages.c.expires_at <= now)
    found = conn.execute(select(messages.c.id, messages.c.answer).where(*late).limit(_AT_ONCE)).all()
    answers = [row.id for row in found if row.answer is not None]
    if answers:
        _drop(conn, answers)
    if len(found) > len(answers):
        _hold(conn, [row.id for row in found if row.answer is None])


def call_back(conn: Connection, now: float) -> None:
    """Texts that a clock has written which was set back since do not wait until its time has come once more."""
    ahead = (messages.c.status == Status.QUEUED, messages.c.created_at > now + _AHEAD)
    found = conn.execute(select(messages.c.id, messages.c.created_at, messages.c.due_at).where(*ahead).limit(_AT_ONCE))
    # what was put off for longer waits for its time of day, by whichever clock
    soon = [row.id for row in found if row.due_at <= row.created_at + _PUT_OFF]
    if soon:
        conn.execute(update(messages).where(messages.c.id.in_(soon), *ahead).values(due_at=now))


def _drop(conn: Connection, ids: list[str]) -> None:
    """That nobody is there may be wrong by now, and is no question for a person."""
    queued = (messages.c.id.in_(ids), messages.c.status == Status.QUEUED)
    conn.execute(update(messages).where(*queued).values(status=Status.CANCELLED, reason=TOO_OLD))


def _hold(conn: Connection, ids: list[str]) -> None:
    queued = (messages.c.id.in_(ids), messages.c.status == Status.QUEUED)
    conn.execute(update(messages).where(*queued).values(status=Status.HELD, reason=TOO_OLD))
    held = select(messages.c.call_id).where(messages.c.id.in_(ids), messages.c.status == Status.HELD)
    why = "held: the text could not be sent before it was too old"
    conn.execute(
        update(calls).where(calls.c.id.in_(held)).values(verdict=Verdict.HELD, reason=TOO_OLD, why=why)
    )


def withdraw(conn: Connection, message_id: str, call_id: str | None, decision: Decision) -> None:
    """A text whose turn has come must not leave after all: it is cancelled, and its call was skipped.

    Where the decision is still to text, it waits until its new time instead.
    """
    mine = (messages.c.id == message_id, messages.c.status == Status.SENDING)
    if decision.verdict is Verdict.TEXT:
        later = {"status": Status.QUEUED, "due_at": decision.due_at, "expires_at": None}
        conn.execute(update(messages).where(*mine).values(later))
        return
    conn.execute(update(messages).where(*mine).values(status=Status.CANCELLED, reason=decision.reason))
    told = {"verdict": decision.verdict, "reason": decision.reason, "why": decision.why[:255]}
    conn.execute(update(calls).where(calls.c.id == call_id).values(told))
