"""The users as they are listed: with their practices, their sessions, and when they were last seen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, exists, func, select

from textback.model import Role
from textback.store.accounts import practices_of
from textback.store.calls import instant_text
from textback.store.staff_tables import memberships, sessions, users

#: What ``user list --json`` shows, in this order.
KEYS = (
    "name", "full_name", "role", "practices", "created_at", "created_by", "password_at", "last_seen_at", "sessions",
    "removed_at",
)  # fmt: skip


def listing(
    conn: Connection,
    *,
    limit: int = 100,
    since: float | None = None,
    practice: str | None = None,
    removed: bool = False,
) -> list[dict[str, Any]]:
    """Users with the keys of ``KEYS``, newest first; ``since`` (epoch seconds) they were added, ``limit`` 0 is all.

    ``practice``: who sees it; ``removed``: also those who were removed.
    """
    query = _listed(since, practice, removed)
    rows = conn.execute(query.limit(limit) if limit else query).all()
    theirs = practices_of(conn, [row.id for row in rows])
    return [_shown(row, theirs.get(row.id, frozenset())) for row in rows]


def _listed(since: float | None, practice: str | None, removed: bool) -> Any:
    last = select(func.max(sessions.c.seen_at)).where(sessions.c.user_id == users.c.id).scalar_subquery()
    count = select(func.count()).where(sessions.c.user_id == users.c.id).scalar_subquery()
    query = select(users, last.label("last_seen_at"), count.label("sessions"))
    if since is not None:
        query = query.where(users.c.created_at >= since)
    if practice is not None:
        member = exists().where(memberships.c.user_id == users.c.id, memberships.c.practice == practice)
        query = query.where((users.c.role == Role.ADMIN) | member)
    if not removed:
        query = query.where(users.c.removed_at.is_(None))
    return query.order_by(users.c.created_at.desc(), users.c.id.desc())


def _shown(row: Row[Any], practices_of_theirs: frozenset[str]) -> dict[str, Any]:
    values = dict(row._mapping) | {"practices": None if row.role == Role.ADMIN else sorted(practices_of_theirs)}
    return {key: instant_text(values[key]) if key.endswith("_at") else values[key] for key in KEYS}
