"""Who wants no texts, for all lines and practices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, null, or_, select, union_all, update

from textback.model import Answer, Direction, Status, Verdict
from textback.store import erased
from textback.store.calls import instant_text
from textback.store.once import insert_once
from textback.store.tables import calls, erased_optouts, messages, optouts

#: The reason of a text that is not sent, and of its call.
OPTED_OUT = "opted_out"

_WHY = "skip: the caller opted out of texts while this one waited"


def record(conn: Connection, number: str, at: float, source: str) -> None:
    """Remember that a person (E.164) wants no texts since ``at`` (epoch seconds); the first time counts."""
    before = erased.forget(conn, number) or erased.OptOut(at, source)
    conn.execute(insert_once(conn.dialect, optouts, "number"), {"number": number} | before._asdict())


def opt_out(conn: Connection, number: str, at: float, source: str) -> bool:
    """The same, and what waits for that number is cancelled; False if they had opted out before.

    Only what confirms their opt-out may still leave.
    """
    is_new = not is_opted_out(conn, number)
    record(conn, number, at, source)
    _cancel_waiting(conn, number)
    return is_new


def remove(conn: Connection, number: str) -> bool:
    """They may be texted again; False if they always could be."""
    was_erased = erased.forget(conn, number) is not None
    return bool(conn.execute(delete(optouts).where(optouts.c.number == number)).rowcount) or was_erased


def is_opted_out(conn: Connection, number: str) -> bool:
    """Whether nothing may leave for a number (E.164)."""
    return since(conn, number) is not None


def since(conn: Connection, number: str) -> float | None:
    """When they opted out (epoch seconds); None if they did not."""
    at: float | None = conn.execute(select(optouts.c.at).where(optouts.c.number == number)).scalar()
    if at is None and (hashed := erased.opted_out(conn, [number])):
        return hashed[number].at
    return at


def erase(conn: Connection, number: str, now: float) -> bool:
    """Forget the number (E.164), at ``now`` (epoch seconds), but not that it opted out; False if it did not."""
    theirs = optouts.c.number == number
    row = conn.execute(select(optouts.c.at, optouts.c.source).where(theirs)).first()
    if row is None:
        return bool(erased.opted_out(conn, [number]))
    erased.keep(conn, number, erased.OptOut(*row), now)
    conn.execute(delete(optouts).where(theirs))
    return True


def listing(conn: Connection, limit: int = 100, since: float | None = None) -> list[dict[str, Any]]:
    """All of them, or those since a time (epoch seconds), newest first; limit 0 is all.

    ``number`` is None for somebody who was erased.
    """
    hashed = select(null().label("number"), erased_optouts.c.at, erased_optouts.c.source)
    found = union_all(select(optouts.c.number, optouts.c.at, optouts.c.source), hashed).subquery()
    query = select(found).order_by(found.c.at.desc(), found.c.number)
    if since is not None:
        query = query.where(found.c.at >= since)
    rows = conn.execute(query.limit(limit) if limit else query).mappings()
    return [{**row, "at": instant_text(row["at"])} for row in rows]


def _cancel_waiting(conn: Connection, number: str) -> None:
    waits = (
        messages.c.to_number == number,
        messages.c.direction == Direction.OUT,
        messages.c.status.in_((Status.QUEUED, Status.HELD)),
        or_(messages.c.answer.is_(None), messages.c.answer != Answer.OPT_OUT.value),
    )
    held = select(messages.c.call_id).where(*waits, messages.c.status == Status.HELD, messages.c.call_id.is_not(None))
    for call_id in conn.execute(held).scalars().all():
        _skip(conn, call_id)
    conn.execute(update(messages).where(*waits).values(status=Status.CANCELLED, reason=OPTED_OUT))


def _skip(conn: Connection, call_id: str) -> None:
    is_held = (calls.c.id == call_id, calls.c.verdict == Verdict.HELD)
    told = conn.execute(select(calls.c.why).where(*is_held)).scalar()
    why = f"{_WHY} ({told.removeprefix('held: ')})" if told else _WHY
    values = {"verdict": Verdict.SKIP, "reason": OPTED_OUT, "why": why[:255]}
    conn.execute(update(calls).where(*is_held).values(values))
