"""Who may sign in, and whose calls and conversations they see. Names are those of ``staff_names.normal``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from textback.model import Role, Staff
from textback.store.columns import storable
from textback.store.engine import StoreError
from textback.store.staff_tables import memberships, sessions, users
from textback.store.tables import practices

LONGEST = 100


@dataclass(frozen=True, slots=True)
class Account:
    """A user as stored; ``removed_at`` in epoch seconds, None: they may sign in."""

    id: int
    name: str
    full_name: str
    role: Role
    password_hash: str
    practices: frozenset[str]
    shortcuts: bool
    removed_at: float | None

    @property
    def staff(self) -> Staff:
        """The same, as the rooms see it."""
        return staff_of(self, self.practices)


def staff_of(row: Any, practices_of_theirs: Collection[str]) -> Staff:
    """A row of ``users`` as every room sees it; an admin sees all practices."""
    role = Role(row.role)
    seen = None if role is Role.ADMIN else frozenset(practices_of_theirs)
    return Staff(row.id, row.name, row.full_name, role, seen, row.shortcuts)


def find(conn: Connection, name: str) -> Account | None:
    """The user of that name, also one who was removed; a name that no database takes is nobody's.

    One query, whether there is somebody or not: that would otherwise tell whether there is.
    """
    fits = len(name) <= LONGEST and storable(name) == name
    joined = users.outerjoin(memberships, memberships.c.user_id == users.c.id)
    query = select(users, memberships.c.practice).select_from(joined).where(users.c.name == (name if fits else ""))
    rows = conn.execute(query).all()
    return _account(rows) if rows and rows[0].name == name else None


def is_anybody(conn: Connection) -> bool:
    """Whether there is anybody who may sign in."""
    return bool(conn.execute(select(exists().where(users.c.removed_at.is_(None)))).scalar())


def admins(conn: Connection) -> list[int]:
    """The ids of the admins who may sign in; until this transaction ends nobody else makes them fewer."""
    there = select(users.c.id).where(users.c.role == Role.ADMIN, users.c.removed_at.is_(None))
    return list(conn.execute(there.order_by(users.c.id).with_for_update()).scalars())


def add(
    conn: Connection,
    name: str,
    *,
    full_name: str,
    role: Role,
    practices_of_theirs: Collection[str],
    password_hash: str,
    by: str,
    now: float,
) -> int:
    """Add a user; gives the id. Raises ``StoreError`` if the name is or was somebody's, or there is no such practice.

    A name is never another person's later on: what was done in it would then be theirs.
    """
    there = find(conn, name)
    if there is not None:
        raise StoreError(taken(there))
    row = {"name": name, "full_name": full_name, "role": role, "password_hash": password_hash, "password_at": now}
    row |= {"shortcuts": True, "created_at": now, "created_by": by[:LONGEST]}
    made = conn.execute(insert(users), row).inserted_primary_key
    assert made is not None
    _put_practices(conn, int(made[0]), practices_of_theirs)
    return int(made[0])


def change(
    conn: Connection,
    user: int,
    *,
    role: Role | None = None,
    full_name: str | None = None,
    practices_of_theirs: Collection[str] | None = None,
) -> None:
    """Change what is given. Raises ``StoreError`` if there is no such practice."""
    given = {"role": role, "full_name": full_name}
    values = {key: value for key, value in given.items() if value is not None}
    if values:
        conn.execute(update(users).where(users.c.id == user).values(values))
    if practices_of_theirs is not None:
        _put_practices(conn, user, practices_of_theirs)


def set_password(conn: Connection, user: int, password_hash: str, now: float) -> None:
    """Another password from ``now`` (epoch seconds) on; whoever is signed in with the old one is not any more."""
    conn.execute(update(users).where(users.c.id == user).values(password_hash=password_hash, password_at=now))
    conn.execute(delete(sessions).where(sessions.c.user_id == user))


def rehash(conn: Connection, user: int, old_hash: str, new_hash: str) -> None:
    """The same password is kept with the parameters of today."""
    mine = (users.c.id == user, users.c.password_hash == old_hash)
    conn.execute(update(users).where(*mine).values(password_hash=new_hash))


def set_shortcuts(conn: Connection, user: int, shortcuts: bool) -> None:
    """Whether the pages listen to the keyboard."""
    conn.execute(update(users).where(users.c.id == user).values(shortcuts=shortcuts))


def remove(conn: Connection, user: int, now: float) -> None:
    """End their sessions and let them in no more; the row stays, for what they did."""
    conn.execute(update(users).where(users.c.id == user).values(removed_at=now))
    conn.execute(delete(memberships).where(memberships.c.user_id == user))
    conn.execute(delete(sessions).where(sessions.c.user_id == user))


def restore(conn: Connection, user: int) -> None:
    """Whoever was removed is back."""
    conn.execute(update(users).where(users.c.id == user).values(removed_at=None))


def _account(rows: Sequence[Row[Any]]) -> Account:
    """What is in the rows of one user, one for each practice."""
    row, theirs = rows[0], frozenset(row.practice for row in rows if row.practice is not None)
    return Account(
        row.id, row.name, row.full_name, Role(row.role), row.password_hash, theirs, row.shortcuts, row.removed_at
    )


def practices_of(conn: Connection, ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The practices of these users; one who has none is absent."""
    found: dict[int, set[str]] = {}
    for row in conn.execute(select(memberships).where(memberships.c.user_id.in_(list(ids)))):
        found.setdefault(row.user_id, set()).add(row.practice)
    return {user: frozenset(names) for user, names in found.items()}


def _put_practices(conn: Connection, user: int, wanted: Collection[str]) -> None:
    known = set(conn.execute(select(practices.c.name)).scalars())
    if missing := sorted(set(wanted) - known):
        there = f'there is {", ".join(sorted(known))}' if known else "there is none yet"
        raise StoreError(f"there is no practice {missing[0]!r}; {there}")
    conn.execute(delete(memberships).where(memberships.c.user_id == user))
    rows = [{"user_id": user, "practice": name} for name in sorted(set(wanted))]
    if rows:
        conn.execute(insert(memberships), rows)


def taken(there: Account) -> str:
    """Why nobody else can have their name, and what to do."""
    if there.removed_at is None:
        return f"there is a user {there.name!r} already: `textback user change` and `passwd` change them"
    return (
        f"{there.name!r} is the name of somebody who was removed, and a name is never given to another person: what"
        " they did stands in it. Take another name; if it is the same person again, say --same-person"
    )
