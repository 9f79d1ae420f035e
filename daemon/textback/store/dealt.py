"""Lost callers who still need somebody, until staff say otherwise, or answer, reach or write to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, literal, select, union_all, update

from textback.model import Direction, Status
from textback.store.tables import calls, messages, staff_reached

#: How it is told, where it happened by itself, who dealt with a caller.
ANSWERED, CALLED_BACK, BY_TEXT = "answered", "called back", "text"
LONGEST_WHO = 100
#: Seconds before a caller was served in which their lost calls are looked for; others stay until somebody ticks them.
#: A number behind which a whole town calls must not hold up the writer.
LOOKS_BACK = 30 * 86_400.0
#: Seconds that a call may have begun before the end of another, and yet be answered after it.
LONGEST_CALL = 86_400.0

_CHUNK = 500


class Lost(NamedTuple):
    """A call that ended without anybody at the other end; ``number`` None: withheld; times in epoch seconds."""

    call: str
    number: str | None
    started_at: float
    ended_at: float


class Served(NamedTuple):
    """Somebody served a number (E.164) ``at`` (epoch seconds), and how."""

    number: str
    at: float
    how: str


def _instant(name: str) -> Any:
    return bindparam(name, type_=calls.c.ended_at.type)


_numbers: Any = bindparam("numbers", expanding=True)
_by_staff = (
    messages.c.direction == Direction.OUT.value,
    messages.c.flow.is_(None),
    messages.c.answer.is_(None),
    messages.c.status != Status.CANCELLED.value,
)
#: when a number was served since, whichever way: in one query, by an index each
_since = union_all(
    select(calls.c.caller.label("number"), func.max(calls.c.answered_at).label("at"), literal(ANSWERED).label("how"))
    .where(calls.c.caller.in_(_numbers), calls.c.started_at >= _instant("begun"), calls.c.answered_at >= _instant("at"))
    .group_by(calls.c.caller),
    select(staff_reached.c.number, func.max(staff_reached.c.at), literal(CALLED_BACK))
    .where(staff_reached.c.number.in_(_numbers), staff_reached.c.at >= _instant("at"))
    .group_by(staff_reached.c.number),
    select(messages.c.to_number, func.max(messages.c.created_at), literal(BY_TEXT))
    .where(messages.c.to_number.in_(_numbers), messages.c.created_at >= _instant("at"), *_by_staff)
    .group_by(messages.c.to_number),
)
_settle = (
    update(calls)
    .where(calls.c.id == bindparam("call"), calls.c.dealt_with_at.is_(None))
    .values(
        needs_since=_instant("needs"),
        dealt_with_at=_instant("dealt"),
        dealt_with_by=bindparam("who", type_=calls.c.dealt_with_by.type),
    )
)
_serve = (
    update(calls)
    .where(
        calls.c.caller == bindparam("number"),
        calls.c.started_at >= _instant("after"),
        calls.c.started_at <= _instant("served"),
        calls.c.needs_since.is_not(None),
        calls.c.ended_at <= _instant("served"),
    )
    .values(needs_since=None, dealt_with_at=_instant("served"), dealt_with_by=bindparam("how"))
)


def lost_no_more(conn: Connection, call_ids: Collection[str]) -> None:
    """Of callers who had ended already it is told that they were served otherwise: they need nobody."""
    if call_ids:
        conn.execute(update(calls).where(calls.c.id.in_(sorted(call_ids))).values(needs_since=None))


def lost(conn: Connection, ended: Sequence[Lost]) -> None:
    """Calls have just ended without anybody: they need somebody, unless their number has been served since.

    A tick that staff set stays, however often this runs.
    """
    if not ended:
        return
    since = _served_since(conn, ended)
    rows = []
    for call in ended:
        served = _first_after(since.get(call.number or "", ()), call.ended_at)
        needs = None if served else call.started_at
        row = {"call": call.call, "needs": needs, "dealt": served and served.at, "who": served and served.how}
        rows.append(row)
    conn.execute(_settle, rows)


def served(conn: Connection, numbers: Sequence[Served]) -> None:
    """Numbers were served: their calls that ended before need nobody any more."""
    if numbers:
        rows = [
            {"number": one.number, "served": one.at, "after": one.at - LOOKS_BACK, "how": one.how} for one in numbers
        ]
        conn.execute(_serve, rows)


def tick(conn: Connection, call_id: str, who: str, now: float) -> bool:
    """Somebody (a user's name) dealt with a caller, ``now`` in epoch seconds; False if the call needed nobody."""
    values = {"needs_since": None, "dealt_with_at": now, "dealt_with_by": who[:LONGEST_WHO]}
    needing = (calls.c.id == call_id, calls.c.needs_since.is_not(None))
    return bool(conn.execute(update(calls).where(*needing).values(values)).rowcount)


def untick(conn: Connection, call_id: str) -> bool:
    """A caller needs somebody after all; False if nobody had dealt with them."""
    values = {"needs_since": calls.c.started_at, "dealt_with_at": None, "dealt_with_by": None}
    done = (calls.c.id == call_id, calls.c.dealt_with_at.is_not(None))
    return bool(conn.execute(update(calls).where(*done).values(values)).rowcount)


def _served_since(conn: Connection, ended: Sequence[Lost]) -> Mapping[str, Sequence[Served]]:
    found: dict[str, list[Served]] = {}
    at = min(call.ended_at for call in ended)
    for chunk in _chunks({call.number for call in ended if call.number}):
        for row in conn.execute(_since, {"numbers": chunk, "at": at, "begun": at - LONGEST_CALL}):
            found.setdefault(row.number, []).append(Served(*row))
    return found


def _first_after(served: Collection[Served], at: float) -> Served | None:
    """What came first of what came later; of each way only the last time is known."""
    return min((one for one in served if one.at >= at), key=lambda one: one.at, default=None)


def _chunks(numbers: Collection[str]) -> Iterator[Sequence[str]]:
    ordered = sorted(numbers)
    return (ordered[start : start + _CHUNK] for start in range(0, len(ordered), _CHUNK))
