"""Who may let whom in: nobody above their own role, nobody into practices that are not theirs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from textback.model import Role, Staff
from textback.store import accounts, audit
from textback.store.accounts import Account
from textback.store.audit import Action

_ORDER = (Role.STAFF, Role.MANAGER, Role.ADMIN)
GONE = "You may not do that any more. Nothing was changed."
LAST = "That is the last admin: somebody else must become one first. Nothing was changed."
ONESELF = "That is you: somebody else who may has to do that. Nothing was changed."
TOO_HIGH = "Nobody can give a role above their own. Nothing was changed."
FOREIGN = "Those are not your practices. Nothing was changed."
NO_PRACTICE = "Say which practices they are of. Nothing was changed."
TAKEN = "There is somebody of that name already. Nothing was changed."
WAS_TAKEN = (
    "That is the name of somebody who was removed, and what they did stands in it: another person needs another name."
    " If it is the same person again, an admin brings them back, at the end of this page. Nothing was changed."
)


class Refused(Exception):
    """It cannot be done; the text says why, to whoever asked for it."""


class Missing(Exception):
    """There is nobody of that name, or not for them to see."""


def roles_to_give(actor: Staff) -> list[Role]:
    """Those up to one's own."""
    return list(_ORDER[: _ORDER.index(actor.role) + 1])


def sees(actor: Staff, role: Role, of: Collection[str] | None) -> bool:
    """Whether somebody with that role and these practices is shown to them: colleagues, and to an admin all."""
    if actor.role is Role.ADMIN:
        return True
    return role is not Role.ADMIN and any(actor.sees(practice) for practice in of or ())


def manages(actor: Staff, name: str, role: Role, of: Collection[str] | None) -> bool:
    """Whether they change that account: an admin everybody's, a manager that of staff who are of no other practice."""
    if actor.role is Role.ADMIN:
        return True
    is_below = _ORDER.index(role) < _ORDER.index(actor.role)
    return name == actor.name or (is_below and bool(of) and all(actor.sees(practice) for practice in of or ()))


def actor_now(conn: Connection, actor: Staff) -> Staff:
    """Who asks, as they are by now; raises ``Refused`` if they may do nothing here any more."""
    account = accounts.find(conn, actor.name)
    if account is None or account.removed_at is not None or account.role is Role.STAFF:
        raise Refused(GONE)
    return account.staff


def account_for(conn: Connection, actor: Staff, name: str) -> Account:
    """The account of somebody whom they may change; raises ``Missing`` and ``Refused``."""
    account = accounts.find(conn, name)
    if account is None or account.removed_at is not None or not sees(actor, account.role, account.practices):
        raise Missing
    if not manages(actor, account.name, account.role, account.practices):
        raise Refused(f"{account.name} is not yours to change: an admin does that. Nothing was changed.")
    return account


def refuse_taken(conn: Connection, name: str) -> None:
    """Raises ``Refused`` if somebody has or had that name."""
    there = accounts.find(conn, name)
    if there is not None:
        raise Refused(TAKEN if there.removed_at is None else WAS_TAKEN)


def fit_place(actor: Staff, role: Role, wanted: Collection[str], known: Collection[str]) -> list[str]:
    """The practices of somebody who is to have that role; raises ``Refused`` if they may not give both."""
    if role not in roles_to_give(actor):
        raise Refused(TOO_HIGH)
    if not all(actor.sees(practice) and practice in known for practice in wanted):
        raise Refused(FOREIGN)
    if role is Role.ADMIN:
        return []
    if not wanted:
        raise Refused(NO_PRACTICE)
    return sorted(set(wanted))


def refuse_oneself(actor: Staff, account: Account) -> None:
    """Raises ``Refused`` if they are the same."""
    if account.id == actor.id:
        raise Refused(ONESELF)


def refuse_last_admin(conn: Connection, account: Account) -> None:
    """Raises ``Refused`` if nobody else is an admin; two who remove each other wait for one another here."""
    if account.role is Role.ADMIN and accounts.admins(conn) == [account.id]:
        raise Refused(LAST)


def note(conn: Connection, now: float, actor: Staff, detail: str, **about: Any) -> None:
    """Write it into the trail."""
    audit.note(conn, now, actor.name, Action.CHANGED_USER, detail=detail, **about)
