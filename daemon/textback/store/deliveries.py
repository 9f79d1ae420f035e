"""What the provider tells of a text that it has, written so that no state ever goes backwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Update, func, literal, select, update

from textback.model import Direction, LineType, Status, Verdict
from textback.store import changes, erased, line_types, optouts
from textback.store.tables import calls, messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How far a text got, by the provider's id of it and, where that is given back to us, by our own.

    ``reason``: the fault that ended it, if one did; ``landline`` and ``opted_out``: what that says of the number.
    """

    provider_id: str
    status: Status
    message_id: str | None = None
    reason: str | None = None
    landline: bool = False
    opted_out: bool = False


class Applied(StrEnum):
    """What came of a report: ``conflict`` means that the provider has our text a second time."""

    CHANGED = "changed"
    ADOPTED = "adopted"
    KNOWN = "known"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"


#: How far a text is that the provider has; what is missing here it does not have, as far as we know.
_RANK = {
    Status.SENT: 1,
    Status.UNDELIVERED: 2,
    Status.FAILED: 2,
    Status.CANCELLED: 2,
    Status.DELIVERED: 3,
}
#: States without a provider's id that a text of ours may be in while the provider has it all the same.
_ADOPTABLE = (Status.SENDING, Status.UNKNOWN, Status.QUEUED, Status.HELD, Status.CANCELLED, Status.FAILED)
_ours = messages.c.direction == Direction.OUT.value


def apply(conn: Connection, report: Report, provider: str, now: float) -> Applied:
    """Write what the provider told at ``now`` (epoch seconds), by its id of the text or by ours.

    A text of ours that has no provider's id yet was handed over, so it is adopted: were it queued again, it would
    be sent twice.
    """
    return (
        _advance(conn, report, provider, now)
        or _adopt(conn, report, provider, now)
        or _advance(conn, report, provider, now)  # another daemon's sender may just have settled it
        or _unmatched(conn, report)
    )


def line_of(conn: Connection, provider_id: str) -> str | None:
    """The line (E.164) that a text left from; None if it is none of ours."""
    found: str | None = conn.execute(
        select(messages.c.from_number).where(messages.c.provider_id == provider_id, _ours)
    ).scalar()
    return found


def _advance(conn: Connection, report: Report, provider: str, now: float) -> Applied | None:
    same = (messages.c.provider_id == report.provider_id, _ours)
    row = conn.execute(select(messages.c.id, messages.c.to_number).where(*same)).first()
    if row is None:
        return None
    rank = _RANK.get(report.status, 0)
    ahead = [status.value for status, other in _RANK.items() if other >= rank]
    changed = update(messages).where(messages.c.id == row.id, messages.c.status.not_in(ahead))
    if not _written(conn, changed, row.id, report, now):
        return Applied.KNOWN
    _learn(conn, row.to_number, report, provider, now)
    return Applied.CHANGED


def _adopt(conn: Connection, report: Report, provider: str, now: float) -> Applied | None:
    lost = (
        messages.c.id == report.message_id,
        _ours,
        messages.c.provider_id.is_(None),
        messages.c.attempts > 0,
        messages.c.status.in_([status.value for status in _ADOPTABLE]),
    )
    row = conn.execute(select(messages.c.status, messages.c.to_number).where(*lost)).first()
    if row is None:
        return None
    sent_at = func.coalesce(messages.c.claimed_at, literal(now, messages.c.sent_at.type))
    adopted = update(messages).where(*lost)
    adopted = adopted.values(provider=provider, provider_id=report.provider_id, sent_at=sent_at)
    if not _written(conn, adopted, str(report.message_id), report, now):
        return None
    if row.status in (Status.HELD, Status.CANCELLED):
        _judge_sent(conn, str(report.message_id))
    _learn(conn, row.to_number, report, provider, now)
    return Applied.ADOPTED


def _unmatched(conn: Connection, report: Report) -> Applied:
    another = select(messages.c.id).where(
        messages.c.id == report.message_id, _ours, messages.c.provider_id.is_not(None)
    )
    return Applied.UNKNOWN if conn.execute(another).first() is None else Applied.CONFLICT


def _written(conn: Connection, changed: Update, message_id: str, report: Report, now: float) -> bool:
    values: dict[str, Any] = {"status": report.status.value, "reason": report.reason}
    if report.status is Status.DELIVERED:
        values["delivered_at"] = now
    written = bool(conn.execute(changed.values(values)).rowcount)
    if written:
        changes.of_message(conn, message_id, now)
    return written


def _learn(conn: Connection, number: str, report: Report, provider: str, now: float) -> None:
    if number.startswith(erased.PREFIX):
        return  # what was told late is about nobody
    if report.landline:
        line_types.record(conn, number, LineType.LANDLINE, now, provider)
    if report.opted_out:
        optouts.opt_out(conn, number, now, provider)


def _judge_sent(conn: Connection, message_id: str) -> None:
    """The log of calls must not say that nobody was texted."""
    judged = update(calls).where(calls.c.message_id == message_id, calls.c.verdict != Verdict.TEXT)
    conn.execute(judged.values(verdict=Verdict.TEXT, why="text: the provider had taken it already"))
