"""Reads and writes on the calls: one row for each visit of a caller."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, RowMapping, Select, bindparam, or_, select

from textback.store.columns import Instant
from textback.store.tables import calls, messages
from textback.store.upsert import upsert

#: What ``calls list --json`` shows, in this order; other people's scripts use the names.
KEYS = (
    "id", "pbx", "practice", "caller", "caller_name", "did", "queue", "language",
    "started_at", "hold_started_at", "offered_at", "answered_at", "ended_at", "hold_seconds", "ring_seconds",
    "disposition", "voicemail", "answered_by", "backfilled", "flow", "verdict", "reason", "why",
    "message_id", "message_status", "conversation_id",
)  # fmt: skip

_CHUNK = 500
_INSTANTS = frozenset(column.name for column in calls.c if isinstance(column.type, Instant))
_shown = [messages.c.status.label(key) if key == "message_status" else calls.c[key] for key in KEYS]
_joined = calls.outerjoin(messages, messages.c.id == calls.c.message_id)
_listing = select(*_shown).select_from(_joined)
_story = select(*_shown, calls.c.story).select_from(_joined)
_unsettled = select(calls).where(calls.c.verdict.is_(None)).order_by(calls.c.started_at, calls.c.id)


def save(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the calls or replace them by their id: every column that is in a row, and no other.

    All rows must have the columns of the first. Strings from the PBX are cut to their columns.
    """
    if rows:
        statement, prepare = _saving(connection.dialect, tuple(rows[0]))
        connection.exec_driver_sql(statement, [prepare(row) for row in rows])


def unsettled(connection: Connection, pbx: str) -> list[dict[str, Any]]:
    """Give the calls of a PBX without a verdict (on the line, or settling), oldest first, as they were saved."""
    return [dict(row) for row in connection.execute(_unsettled.where(calls.c.pbx == pbx)).mappings()]


def listing(
    connection: Connection,
    *,
    limit: int = 100,
    since: float | None = None,
    practice: str | None = None,
    disposition: str | None = None,
    verdict: str | None = None,
    flow: str | None = None,
    number: str | None = None,
) -> list[dict[str, Any]]:
    """Give the calls as ``calls list --json`` shows them, newest first; ``limit`` 0 means all.

    ``since``: epoch seconds, compared with the start of the call; ``number``: the caller's, as stored.
    """
    wanted = {"practice": practice, "disposition": disposition, "verdict": verdict, "flow": flow}
    query = _listing.order_by(calls.c.started_at.desc(), calls.c.id.desc())
    for column, value in (wanted | {"caller": number}).items():
        if value is not None:
            query = query.where(calls.c[column] == value)
    if since is not None:
        query = query.where(calls.c.started_at >= since)
    return _told(connection, query.limit(limit) if limit else query)


def one(connection: Connection, call_id: str) -> dict[str, Any] | None:
    """Give one call as in ``listing``, and its ``story``; None if there is none."""
    found = _told(connection, _story.where(calls.c.id == call_id))
    return found[0] if found else None


def row(connection: Connection, call_id: str) -> dict[str, Any] | None:
    """Give one call as it was saved; None if there is none."""
    found = connection.execute(select(calls).where(calls.c.id == call_id)).mappings().first()
    return None if found is None else dict(found)


def exists(connection: Connection, call_id: str) -> bool:
    """Tell whether a call is in the log."""
    return connection.execute(select(calls.c.id).where(calls.c.id == call_id)).first() is not None


def open_calls_of(connection: Connection, number: str) -> list[dict[str, Any]]:
    """Give the calls of a number (E.164) that are on the line, the latest first, as they were saved."""
    query = select(calls).where(calls.c.caller == number, calls.c.ended_at.is_(None))
    return [dict(row) for row in connection.execute(query.order_by(calls.c.started_at.desc())).mappings()]


def over(connection: Connection, call_ids: Collection[str]) -> set[str]:
    """Those of these calls that are in the log and have ended."""
    ids = sorted(call_ids)
    query = select(calls.c.id).where(calls.c.ended_at.is_not(None))
    found = (query.where(calls.c.id.in_(ids[start : start + _CHUNK])) for start in range(0, len(ids), _CHUNK))
    return {call_id for part in found for call_id in connection.execute(part).scalars()}


def ended_after(connection: Connection, at: float) -> list[dict[str, Any]]:
    """Give the calls that ended after ``at`` (epoch seconds), in the order in which they ended.

    A call is committed a moment after it ended: who follows the log asks from a little earlier than the
    last end that it saw, and leaves out the ids that it knows.
    """
    return _told(connection, _listing.where(calls.c.ended_at > at).order_by(calls.c.ended_at, calls.c.id))


def instant_text(at: float | None) -> str | None:
    """Write epoch seconds as ISO 8601, UTC, with milliseconds: ``2026-11-21T20:00:00.123Z``."""
    if at is None:
        return None
    moment = datetime.fromtimestamp(at, timezone.utc)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _told(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [_tell(row) for row in connection.execute(query).mappings()]


def _tell(row: RowMapping) -> dict[str, Any]:
    told = dict(row)
    for name in _INSTANTS & told.keys():
        told[name] = instant_text(told[name])
    for name in ("hold_seconds", "ring_seconds"):
        told[name] = None if told[name] is None else round(told[name], 3)
    return told


@lru_cache(maxsize=32)
def _saving(dialect: Dialect, columns: tuple[str, ...]) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
    """The statement for these columns and what makes its parameters.

    Built once and handed to the driver as it is: SQLAlchemy's own way to them costs three times as much
    as the work of SQLite.
    """
    compiled = upsert(dialect, calls, columns).compile(dialect=dialect, column_keys=list(columns))
    order = compiled.positiontup if compiled.positional and compiled.positiontup else columns
    kinds = [calls.c[name].type.dialect_impl(dialect) for name in order]
    steps = [(name, kind.bind_processor(dialect)) for name, kind in zip(order, kinds, strict=True)]

    def in_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple([row[name] if write is None else write(row[name]) for name, write in steps])

    def by_name(row: Mapping[str, Any]) -> dict[str, Any]:
        return dict(zip(order, in_order(row), strict=True))

    return str(compiled), in_order if compiled.positional else by_name


class Wait(NamedTuple):
    """How long a caller waited or was rung for (seconds), and in which queue, if in one."""

    queue: str | None
    seconds: float


def last_wait(connection: Connection, practice: str, number: str) -> Wait | None:
    """That of the latest call of a number (E.164) to a practice; None if it never called, or is on the line still."""
    latest = select(calls.c.queue, calls.c.hold_seconds, calls.c.ring_seconds, calls.c.ended_at)
    latest = latest.where(calls.c.caller == number, calls.c.practice == practice)
    row = connection.execute(latest.order_by(calls.c.started_at.desc()).limit(1)).first()
    if row is None or row.ended_at is None:
        return None
    return Wait(row.queue, row.ring_seconds or 0.0 if row.hold_seconds is None else row.hold_seconds)


class Visit(NamedTuple):
    """What matters of a call for another call of the same number; times in epoch seconds."""

    id: str
    caller: str
    started_at: float
    ended_at: float | None
    disposition: str | None
    verdict: str | None
    phase: str | None


_visits = (
    select(
        calls.c.id, calls.c.caller, calls.c.started_at, calls.c.ended_at,
        calls.c.disposition, calls.c.verdict, calls.c.machine,
    )
    .where(calls.c.caller.in_(bindparam("numbers", expanding=True)))
    .where(or_(calls.c.ended_at.is_(None), calls.c.ended_at > bindparam("since", type_=calls.c.ended_at.type)))
    .order_by(calls.c.started_at, calls.c.id)
)  # fmt: skip


def visits(connection: Connection, numbers: Sequence[str], since: float) -> list[Visit]:
    """Give the calls of these numbers, on any PBX, that are on the line or ended after ``since``."""
    rows = connection.execute(_visits, {"numbers": list(numbers), "since": since})
    return [Visit(*row[:6], phase=(row.machine or {}).get("phase", "menu")) for row in rows]
