"""How many automatic texts a practice has caused lately, so that spoofed callers cannot make it a text pump."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from textback.model import Spent, Status, prefix_of
from textback.store.tables import messages

MINUTE, DAY = 60.0, 86_400.0
#: Seconds by which another daemon's clock may be ahead; what was written later than that, a wrong clock wrote.
_AHEAD = 300.0

#: what left, or will by itself; named one by one, so that an index leads past the thousands that a flood leaves held
_SPENT = (Status.QUEUED, Status.SENDING, Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN)
_automatic = (
    messages.c.practice.in_(bindparam("practices", expanding=True)),
    messages.c.status.in_([status.value for status in _SPENT]),
    messages.c.created_at > bindparam("since", type_=messages.c.created_at.type),
    messages.c.created_at <= bindparam("until", type_=messages.c.created_at.type),
    messages.c.flow.is_not(None),
)
_of_others = or_(messages.c.call_id.is_(None), messages.c.call_id.not_in(bindparam("calls", expanding=True)))
_of_a_day = select(messages.c.practice, func.count()).where(*_automatic).group_by(messages.c.practice)
_of_a_minute = select(messages.c.practice, messages.c.to_number).where(*_automatic)


def spent(
    connection: Connection,
    of_a_day: Collection[str],
    of_a_minute: Collection[str],
    now: float,
    apart_from: Collection[str] = (),
    written_at: float | None = None,
) -> dict[str, Spent]:
    """Give what each practice has spent by ``now`` (epoch seconds): in a day, or in a minute and for each prefix.

    ``apart_from``: calls whose own texts don't count, since it is they that are judged, perhaps once more.
    ``written_at``: what the clock shows, if it is later than ``now``: what others wrote until then counts, too.
    """
    until = (now if written_at is None else written_at) + _AHEAD
    days = dict(_rows(connection, _of_a_day, of_a_day, now - DAY, until, apart_from))
    minutes = _rows(connection, _of_a_minute, of_a_minute, now - MINUTE, until, apart_from)
    return {
        name: Spent(
            day=days.get(name, 0),
            minute=sum(practice == name for practice, _ in minutes),
            prefixes=Counter(prefix_of(number) for practice, number in minutes if practice == name),
        )
        for name in sorted({*of_a_day, *of_a_minute})
    }


def _rows(
    connection: Connection,
    query: Select[Any],
    practices: Collection[str],
    since: float,
    until: float,
    apart_from: Collection[str],
) -> list[tuple[str, Any]]:
    if not practices:
        return []
    values: dict[str, Any] = {"practices": sorted(practices), "since": since, "until": until}
    if apart_from:
        query, values = query.where(_of_others), values | {"calls": sorted(apart_from)}
    return [(row[0], row[1]) for row in connection.execute(query, values)]
