"""What is done with accounts, each as one job of the writer; it may run twice, and does it once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from textback.model import Role, Staff
from textback.store import accounts, sessions
from textback.store.accounts import Account
from textback.web.pages.settings.staffing import (
    Missing,
    Refused,
    account_for,
    actor_now,
    fit_place,
    note,
    refuse_last_admin,
    refuse_oneself,
    refuse_taken,
)


@dataclass(frozen=True)
class Wish:
    """What a form says of somebody; ``password_hash``: of the new password, '' if they are to have none."""

    name: str
    full_name: str = ""
    role: Role = Role.STAFF
    practices: tuple[str, ...] = ()
    password_hash: str = ""


#: A job, for whoever asks, of what a form says, with the names of all practices, at a time (epoch seconds).
Doing = Callable[[Connection, Staff, Wish, Collection[str], float], None]


def add(conn: Connection, actor: Staff, wish: Wish, known: Collection[str], now: float) -> None:
    """Let somebody in."""
    actor = actor_now(conn, actor)
    there = accounts.find(conn, wish.name)
    if there is not None and there.password_hash == wish.password_hash:
        return  # it was this job, once before
    refuse_taken(conn, wish.name)
    theirs = fit_place(actor, wish.role, wish.practices, known)
    accounts.add(
        conn,
        wish.name,
        full_name=wish.full_name or wish.name,
        role=wish.role,
        practices_of_theirs=theirs,
        password_hash=wish.password_hash,
        by=actor.name,
        now=now,
    )
    note(conn, now, actor, f"added {wish.name} as {wish.role}")


def change(conn: Connection, actor: Staff, wish: Wish, known: Collection[str], now: float) -> None:
    """Another full name, role or practices, from their next click on; of oneself, the full name only."""
    actor = actor_now(conn, actor)
    account = account_for(conn, actor, wish.name)
    name = wish.full_name or account.full_name
    if account.id == actor.id:
        accounts.change(conn, account.id, full_name=name)
    else:
        theirs = fit_place(actor, wish.role, wish.practices, known)
        if wish.role is not Role.ADMIN:
            refuse_last_admin(conn, account)
        accounts.change(conn, account.id, role=wish.role, full_name=name, practices_of_theirs=theirs)
    told = _differences(account, name, wish if account.id != actor.id else None)
    if told:
        note(conn, now, actor, f"changed {account.name}: {', '.join(told)}")


def set_password(conn: Connection, actor: Staff, wish: Wish, known: Collection[str], now: float) -> None:
    """Another password; whoever is signed in with the old one is not any more."""
    actor = actor_now(conn, actor)
    account = account_for(conn, actor, wish.name)
    refuse_oneself(actor, account)
    accounts.set_password(conn, account.id, wish.password_hash, now)
    note(conn, now, actor, f"set the password of {account.name}")


def sign_out(conn: Connection, actor: Staff, wish: Wish, known: Collection[str], now: float) -> None:
    """End all their sessions."""
    actor = actor_now(conn, actor)
    account = account_for(conn, actor, wish.name)
    if sessions.end_all(conn, account.id):
        note(conn, now, actor, f"signed out {account.name} everywhere")


def remove(conn: Connection, actor: Staff, wish: Wish, known: Collection[str], now: float) -> None:
    """Let them in no more."""
    actor = actor_now(conn, actor)
    account = account_for(conn, actor, wish.name)
    refuse_oneself(actor, account)
    refuse_last_admin(conn, account)
    accounts.remove(conn, account.id, now)
    note(conn, now, actor, f"removed {account.name}")


def bring_back(conn: Connection, actor: Staff, wish: Wish, known: Collection[str], now: float) -> None:
    """Let in again somebody who was removed, with a new password: an admin does that."""
    actor = actor_now(conn, actor)
    account = accounts.find(conn, wish.name)
    if account is None or actor.role is not Role.ADMIN:
        raise Missing
    if account.removed_at is None:
        if account.password_hash == wish.password_hash:
            return  # it was this job, once before
        raise Refused(f"{account.name} is here already. Nothing was changed.")
    theirs = fit_place(actor, wish.role, wish.practices, known)
    accounts.restore(conn, account.id)
    accounts.set_password(conn, account.id, wish.password_hash, now)
    accounts.change(conn, account.id, role=wish.role, practices_of_theirs=theirs)
    note(conn, now, actor, f"brought back {account.name} as {wish.role}")


def _differences(account: Account, full_name: str, wish: Wish | None) -> list[str]:
    """What differs, by name; ``wish`` is None where no more than the full name may."""
    told = ["full name"] if full_name != account.full_name else []
    if wish is None:
        return told
    if wish.role is not account.role:
        told.append(f"role {account.role} to {wish.role}")
    if wish.role is not Role.ADMIN and frozenset(wish.practices) != account.practices:
        told.append("practices")
    return told
