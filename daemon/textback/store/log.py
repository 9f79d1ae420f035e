"""The log of calls as pages show it: filtered, searched and paged, however long it has grown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from textback.store.search import MOST_FOUND, NAMES_WITHIN, search
from textback.store.strands import Place, Span, newest
from textback.store.tables import calls, conversations, messages, practices
from textback.store.wanted import NONE, RARE, REPLIED, TEXT_STATES, Found, Wanted, of_practices, strands

__all__ = [
    "MOST_FOUND", "NAMES_WITHIN", "NONE", "RARE", "REPLIED", "TEXT_STATES", "Found", "Wanted", "calls_of", "details",
    "figures", "needing", "page", "queues", "search",
]  # fmt: skip

#: Seconds before a call in which other calls of the same number count as attempts.
ATTEMPTS_WITHIN = 86_400.0

_COLUMNS = (
    "id", "practice", "caller", "caller_name", "did", "queue", "started_at", "answered_at", "ended_at", "hold_seconds",
    "ring_seconds", "disposition", "voicemail", "answered_by", "backfilled", "flow", "verdict", "reason", "why",
    "message_id", "conversation_id", "needs_since", "dealt_with_at", "dealt_with_by",
)  # fmt: skip
_joined = calls.outerjoin(messages, messages.c.id == calls.c.message_id).outerjoin(
    conversations, conversations.c.id == calls.c.conversation_id
)
_detail = select(
    *(calls.c[name] for name in _COLUMNS),
    messages.c.status.label("text_status"),
    messages.c.reason.label("text_reason"),
    messages.c.created_at.label("text_at"),
    conversations.c.last_reply_at,
).select_from(_joined)


def page(conn: Connection, wanted: Wanted, before: Place | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Calls, newest first, with the state of their text, ``attempts`` within 24 h, and the ``place`` of each."""
    places = newest(conn, strands(wanted), before, limit)
    rows = details(conn, [place.id for place in places])
    return [rows[place.id] | {"place": place} for place in places if place.id in rows]


def details(conn: Connection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Calls by their ids, as in ``page``."""
    found = [dict(row) for row in conn.execute(_detail.where(calls.c.id.in_(ids))).mappings()] if ids else []
    attempts = _attempts(conn, found)
    return {row["id"]: row | {"attempts": attempts.get(row["id"], 1)} for row in found}


def figures(conn: Connection, practices: tuple[str | None, ...] | None, since: float) -> dict[str, int]:
    """How many calls began since then (epoch seconds), by disposition; those on the line under ''."""
    # Grouped by more than the disposition, for a database would else read whole indices, to group in their order.
    ended = func.coalesce(calls.c.disposition, "")
    query = select(ended, func.count()).where(calls.c.started_at >= since, *of_practices(practices)).group_by(ended)
    return {disposition: count for disposition, count in conn.execute(query)}


def needing(conn: Connection, practices: Sequence[str | None], most: int = 1000) -> int:
    """How many calls of these practices need somebody; counted up to ``most``, a practice after the other."""
    count = 0
    for practice in practices:
        theirs = (calls.c.practice == practice, calls.c.needs_since.is_not(None))
        some = select(calls.c.id).where(*theirs).limit(most - count).subquery()
        count += conn.execute(select(func.count()).select_from(some)).scalar_one()
    return count


def queues(conn: Connection, named: Sequence[str]) -> list[str]:
    """The queues that calls of these practices were in; one look for each, not through all calls."""
    first = select(func.min(calls.c.queue)).where(calls.c.practice == practices.c.name).scalar_subquery()
    each = select(practices.c.name, first.label("queue")).where(practices.c.name.in_(named))
    found = each.cte("found", recursive=True)
    later = (calls.c.practice == found.c.name, calls.c.queue > found.c.queue)
    following = select(func.min(calls.c.queue)).where(*later).scalar_subquery()
    found = found.union_all(select(found.c.name, following).where(found.c.queue.is_not(None)))
    query = select(found.c.queue).where(found.c.queue.is_not(None)).limit(MOST_FOUND)
    return sorted(set(conn.execute(query).scalars()))


def calls_of(
    conn: Connection, practice: str | None, number: str, limit: int, span: Span = Span()
) -> list[dict[str, Any]]:
    """The newest calls of a number (E.164) to a practice that began in a span of time, as in ``details``."""
    wanted = Wanted((practice,), *span, found=Found(numbers=(number,)))
    return page(conn, wanted, limit=limit)


def _attempts(conn: Connection, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """For each call, how many calls of its number there were in the 24 hours up to it, itself included."""
    begun: defaultdict[str, set[tuple[float, str]]] = defaultdict(set)
    for run in _runs([row for row in rows if row["caller"]]):
        query = select(calls.c.caller, calls.c.started_at, calls.c.id).where(
            calls.c.caller.in_(sorted({row["caller"] for row in run})),
            calls.c.started_at > run[0]["started_at"] - ATTEMPTS_WITHIN,
            calls.c.started_at <= run[-1]["started_at"],
        )
        for number, at, call in conn.execute(query):
            begun[number].add((at, call))
    return {
        row["id"]: sum(row["started_at"] - ATTEMPTS_WITHIN < at <= row["started_at"] for at, _ in begun[row["caller"]])
        for row in rows
        if row["caller"]
    }


def _runs(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The calls in the order of their times, cut where the next one is so much later that nothing is between them."""
    run: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda row: float(row["started_at"])):
        if run and row["started_at"] - run[-1]["started_at"] >= ATTEMPTS_WITHIN:
            yield run
            run = []
        run.append(row)
    if run:
        yield run
