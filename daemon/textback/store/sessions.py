"""Who is signed in: by a token of 256 bits that only their browser has; its SHA-256 is kept here."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from textback.model import Staff
from textback.store.accounts import staff_of
from textback.store.once import insert_once
from textback.store.staff_tables import memberships, sessions, users

#: Seconds after which one who is not seen must sign in again, and after which everybody must.
IDLE, LONGEST = 12 * 3600.0, 7 * 86_400.0
#: Seconds between two times that it is written down that somebody is still there.
NOTED_EVERY = 60.0
BYTES = 32
#: So many sessions of one user are kept; the oldest goes.
MOST = 100


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in; times in epoch seconds. ``hash`` is that of the token."""

    hash: str
    created_at: float
    seen_at: float
    address: str | None
    agent: str | None

    @property
    def id(self) -> str:
        """What it is called in a page; nobody can sign in with it."""
        return self.hash[:16]


def new_token() -> str:
    """A token as long as it must be: 256 bits of chance in base64url, 43 characters."""
    return secrets.token_urlsafe(BYTES)


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def start(conn: Connection, token: str, user: int, *, now: float, address: str, agent: str) -> Session:
    """Whoever shows ``token`` is that user, from ``now`` (epoch seconds) on."""
    mine = hash_of(token)
    row = {"hash": mine, "user_id": user, "created_at": now, "seen_at": now, "expires_at": now + LONGEST}
    conn.execute(insert_once(conn.dialect, sessions, "hash"), row | {"address": address, "agent": agent})
    theirs = select(sessions.c.hash).where(sessions.c.user_id == user).order_by(sessions.c.created_at.desc())
    surplus = list(conn.execute(theirs.offset(MOST).limit(MOST)).scalars())
    if surplus:
        conn.execute(delete(sessions).where(sessions.c.hash.in_(surplus)))
    return Session(mine, now, now, address, agent)


def find(conn: Connection, token: str, now: float) -> tuple[Session, Staff] | None:
    """Who shows that token; None if nobody, if it is too old or too long unused, or if its user was removed.

    One query. The token is looked for by its hash: how long that takes tells nothing of a guess.
    """
    columns = (sessions, users.c.id, users.c.name, users.c.full_name, users.c.role, users.c.shortcuts)
    joined = sessions.join(users).outerjoin(memberships, memberships.c.user_id == users.c.id)
    query = select(*columns, memberships.c.practice).select_from(joined)
    rows = conn.execute(query.where(sessions.c.hash == hash_of(token), _holds(now), users.c.removed_at.is_(None))).all()
    if not rows:
        return None
    first = rows[0]
    session = Session(first.hash, first.created_at, first.seen_at, first.address, first.agent)
    return session, staff_of(first, [row.practice for row in rows if row.practice is not None])


def note_seen(conn: Connection, session: str, now: float) -> None:
    """The session with that hash is in use; written once in ``NOTED_EVERY`` seconds, however often it is told."""
    due = (sessions.c.hash == session, sessions.c.seen_at <= now - NOTED_EVERY)
    conn.execute(update(sessions).where(*due).values(seen_at=now))


def of(conn: Connection, user: int, now: float) -> list[Session]:
    """The sessions of a user that hold at ``now`` (epoch seconds), the last seen first."""
    query = select(sessions).where(sessions.c.user_id == user, _holds(now))
    rows = conn.execute(query.order_by(sessions.c.seen_at.desc(), sessions.c.hash))
    return [Session(row.hash, row.created_at, row.seen_at, row.address, row.agent) for row in rows]


def end(conn: Connection, session: str) -> bool:
    """End the session with that hash; False if there is none such."""
    return bool(conn.execute(delete(sessions).where(sessions.c.hash == session)).rowcount)


def end_one(conn: Connection, user: int, session: str) -> bool:
    """End the session of a user by its ``id`` in a page; False if they have none such."""
    mine = select(sessions.c.hash).where(sessions.c.user_id == user)
    found = [one for one in conn.execute(mine).scalars() if one[:16] == session]
    return any([end(conn, one) for one in found])


def end_all(conn: Connection, user: int, but: str | None = None) -> int:
    """End all sessions of a user, except for the one with the hash ``but``; gives how many."""
    mine = delete(sessions).where(sessions.c.user_id == user)
    return conn.execute(mine if but is None else mine.where(sessions.c.hash != but)).rowcount


def prune(conn: Connection, now: float) -> int:
    """Forget those that do not hold any more; gives how many."""
    over = (sessions.c.expires_at <= now) | (sessions.c.seen_at <= now - IDLE)
    return conn.execute(delete(sessions).where(over)).rowcount


def _holds(now: float) -> ColumnElement[bool]:
    return and_(sessions.c.expires_at > now, sessions.c.seen_at > now - IDLE)
