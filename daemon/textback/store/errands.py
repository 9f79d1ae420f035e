"""What one daemon asks of the one that writes for a PBX, and the answer; kept for some minutes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, update

from textback.store.once import insert_once
from textback.store.shared_tables import errands

#: Seconds after which an errand is of no use any more, done or not: it tells who called.
EXPIRES = 600.0
#: Errands that are done at once.
AT_ONCE = 100

Told = dict[str, Any]


class Errand(NamedTuple):
    """Facts to be taken in, in order."""

    id: str
    pbx: str
    facts: list[Told]


def ask(conn: Connection, errand: Errand, now: float) -> None:
    """Ask at ``now`` (epoch seconds); asked again, because the answer to the COMMIT was lost, it is there once."""
    row = errand._asdict() | {"asked_at": now}
    conn.execute(insert_once(conn.dialect, errands, "id"), row)


def waiting(conn: Connection, pbxes: Collection[str], since: float) -> list[Errand]:
    """What was asked for these PBXes at or after ``since`` (epoch seconds) and is not done, the earliest first."""
    query = select(errands.c.id, errands.c.pbx, errands.c.facts).where(
        errands.c.pbx.in_(sorted(pbxes)), errands.c.answered_at.is_(None), errands.c.asked_at >= since
    )
    return [Errand(*row) for row in conn.execute(query.order_by(errands.c.asked_at, errands.c.id).limit(AT_ONCE))]


def take(conn: Connection, errand_id: str, now: float) -> bool:
    """Begin to do it; False if it was withdrawn. Done twice, because somebody died over it, it has one effect."""
    return bool(conn.execute(update(errands).where(errands.c.id == errand_id).values(taken_at=now)).rowcount)


def answer(conn: Connection, errand_id: str, told: Told, now: float) -> None:
    """It is done."""
    conn.execute(update(errands).where(errands.c.id == errand_id).values(answered_at=now, answer=told))


def answered(conn: Connection, errand_id: str) -> Told | None:
    """The answer, if there is one by now."""
    found: Told | None = conn.execute(select(errands.c.answer).where(errands.c.id == errand_id)).scalar()
    return found


def withdraw(conn: Connection, errand_id: str) -> bool:
    """Do not do it; False if somebody has begun."""
    mine = (errands.c.id == errand_id, errands.c.taken_at.is_(None))
    return bool(conn.execute(delete(errands).where(*mine)).rowcount)


def forget(conn: Connection, errand_id: str) -> None:
    """The answer was read."""
    conn.execute(delete(errands).where(errands.c.id == errand_id))


def prune(conn: Connection, now: float) -> None:
    """Take away what nobody needs any more."""
    conn.execute(delete(errands).where(errands.c.asked_at < now - EXPIRES))
