"""What the commands about users look up and write down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import Connection

from textback.cli.author import author
from textback.cli.faults import Refused
from textback.cli.output import one_line
from textback.clock import system_clock
from textback.model import Role
from textback.store import accounts, audit, practices
from textback.store.accounts import Account
from textback.store.audit import Action
from textback.store.engine import StoreError


def refuse_taken(connection: Connection, name: str, same_person: bool) -> None:
    """Raises ``Refused`` or ``StoreError`` unless the name is new, or that of somebody who was removed and is back."""
    there = accounts.find(connection, name)
    if same_person and (there is None or there.removed_at is None):
        raise Refused(f"nobody with the name {name!r} was removed")
    if there is not None and not same_person:
        raise StoreError(accounts.taken(there))


def bring_back(
    connection: Connection, name: str, its: dict[str, Any], password_hash: str, now: float
) -> None:
    """Let somebody sign in again who was removed, with a new password."""
    refuse_taken(connection, name, same_person=True)
    there = accounts.find(connection, name)
    assert there is not None
    accounts.restore(connection, there.id)
    accounts.set_password(connection, there.id, password_hash, now)
    accounts.change(connection, there.id, **its)


def practices_meant(connection: Connection, role: Role, wanted: Sequence[str]) -> list[str]:
    """The practices that are meant: of an admin none, who sees all; else the only one there is, if none is named."""
    names = [row.name for row in practices.all_documents(connection)]
    if missing := sorted(set(wanted) - set(names)):
        there = f"there is {', '.join(names)}" if names else "there is none yet"
        raise click.UsageError(one_line(f"there is no practice {missing[0]!r}; {there}"))
    if role is Role.ADMIN:
        return []
    if wanted or len(names) == 1:
        return sorted(set(wanted)) or names
    if not names:
        raise Refused("there is no practice yet: `textback practice apply FILE` loads one; only an admin needs none")
    raise click.UsageError(f"say with --practice which ones: {one_line(', '.join(names))}")


def existing(connection: Connection, name: str) -> Account:
    """Who has that name and may sign in; raises ``Refused``."""
    there = accounts.find(connection, name)
    if there is None or there.removed_at is not None:
        gone = "was removed" if there is not None else "does not exist"
        raise Refused(f"the user {name!r} {gone}: `textback user list` shows who may sign in")
    return there


def note(connection: Connection, detail: str) -> None:
    """Write it into the audit trail, as done by whoever sits here."""
    audit.note(connection, system_clock(), author(), Action.CHANGED_USER, detail=f"{detail}, at the command line")
