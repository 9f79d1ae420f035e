"""Times that all daemons of a database must agree on."""

from __future__ import annotations

from sqlalchemy import Connection, or_, select, update

from textback.store.once import insert_once
from textback.store.tables import marks
from textback.store.upsert import upsert

#: A backup was put in place, so that nobody knows what has left since it was made.
RESTORED = "restored"
#: The nightly deletion was begun.
RETENTION = "retention"


def at(conn: Connection, name: str) -> float | None:
    """When that was last (epoch seconds); None: never."""
    found: float | None = conn.execute(select(marks.c.at).where(marks.c.name == name)).scalar()
    return found


def put(conn: Connection, name: str, now: float) -> None:
    """It is ``now`` (epoch seconds)."""
    conn.execute(upsert(conn.dialect, marks, ["name", "at"]), {"name": name, "at": now})


def no_later(conn: Connection, name: str, now: float) -> None:
    """It was ``now`` (epoch seconds) at the latest: what is still to come was noted before the clock was set back."""
    conn.execute(update(marks).where(marks.c.name == name, marks.c.at > now).values(at=now))


def claim(conn: Connection, name: str, now: float, since: float) -> bool:
    """Whether it is ours to do ``now``: of all who ask, one is told so, if it was last before ``since``."""
    conn.execute(insert_once(conn.dialect, marks, "name"), {"name": name, "at": 0.0})
    # a time that is still to come was noted by a clock that was wrong
    was = or_(marks.c.at < since, marks.c.at > now)
    mine = update(marks).where(marks.c.name == name, was).values(at=now)
    return bool(conn.execute(mine).rowcount)
