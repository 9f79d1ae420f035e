"""The moment in which somebody is let in: their session begins, if nothing about them has changed meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from textback.store import accounts, audit, sessions, sign_ins
from textback.store.accounts import Account
from textback.store.audit import Action
from textback.web.places import network_of


@dataclass(frozen=True, slots=True)
class Entering:
    """Somebody whose password was right: ``fresh`` is its new hash, if it needs one; ``now`` in epoch seconds."""

    account: Account
    fresh: str | None
    token: str
    address: str
    agent: str
    now: float


def enter(conn: Connection, entering: Entering, replaced: str | None) -> bool:
    """Begin the session, and end the one with the hash ``replaced``.

    False if they were removed, or their password changed, since it was compared.
    """
    one, account = entering, accounts.find(conn, entering.account.name)
    if account is None or account.removed_at is not None:
        return False
    if account.password_hash not in (one.account.password_hash, one.fresh):
        return False
    if one.fresh is not None:
        accounts.rehash(conn, account.id, account.password_hash, one.fresh)
    sign_ins.forgive(conn, account.name, network_of(one.address))
    if replaced is not None:
        sessions.end(conn, replaced)
    sessions.prune(conn, one.now)
    audit.note(conn, one.now, account.name, Action.SIGNED_IN, detail=f"from {one.address}")
    sessions.start(conn, one.token, account.id, now=one.now, address=one.address, agent=one.agent)
    return True
