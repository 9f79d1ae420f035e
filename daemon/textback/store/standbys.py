"""The daemons that follow a PBX and would take over: who has listened for longest comes first."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from textback.store.shared_tables import standbys
from textback.store.upsert import upsert

#: Seconds after which one that was never heard of again is forgotten.
FORGOTTEN = 86_400.0


class Standby(NamedTuple):
    """One of them. ``place``: the lower, the longer it has listened without a gap; ``beat`` moves while it lives."""

    pbx: str
    daemon: str
    is_up: bool
    place: int
    beat: int


def stand_by(conn: Connection, told: Standby, now: float) -> int:
    """Say at ``now`` (epoch seconds) that a daemon stands by; without a ``place`` (0) it gets the last one."""
    place = told.place or 1 + (conn.execute(select(func.max(standbys.c.place))).scalar() or 0)
    row = told._replace(place=place)._asdict() | {"seen_at": now}
    conn.execute(upsert(conn.dialect, standbys, list(row)), row)
    return place


def look(conn: Connection, pbxes: Collection[str]) -> list[Standby]:
    """All of them, for these PBXes."""
    columns = [standbys.c[name] for name in Standby._fields]
    return [Standby(*row) for row in conn.execute(select(*columns).where(standbys.c.pbx.in_(sorted(pbxes))))]


def leave(conn: Connection, daemon: str, pbxes: Collection[str], now: float) -> None:
    """A daemon stands by no more for these PBXes; who has not been heard of for a day does not either."""
    mine = (standbys.c.daemon == daemon, standbys.c.pbx.in_(sorted(pbxes)))
    conn.execute(delete(standbys).where(*mine))
    conn.execute(delete(standbys).where(standbys.c.seen_at < now - FORGOTTEN))
