"""``textback user``: who signs in to the pages, and whose calls they see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from textback.cli.author import author
from textback.cli.database import changing, stored
from textback.cli.filters import list_options
from textback.cli.new_password import new_password
from textback.cli.output import json_line, local, one_line, table
from textback.cli.settings import config_option
from textback.cli.staffing import bring_back, existing, note, practices_meant, refuse_taken
from textback.cli.user_options import (
    fitting,
    full_name_option,
    name_argument,
    password_options,
    practices_option,
    role_option,
)
from textback.clock import system_clock
from textback.model import Role
from textback.passwords import hash_of
from textback.staff_names import fit_name
from textback.store import account_list, accounts, sessions

COLUMNS = {
    "name": "name", "full name": "full_name", "role": "role", "practices": "practices", "added": "created_at",
    "by": "created_by", "seen": "last_seen_at", "removed": "removed_at",
}  # fmt: skip
_TIMES = ("created_at", "last_seen_at", "removed_at")


@click.group(short_help="Who signs in to the pages.")
@config_option
def user() -> None:
    """Who signs in to the pages, and whose calls and conversations they see.

    Staff read and answer; a manager also changes what their practices want; an admin sees and may do everything.

    \b
    Example: textback user add kim --full-name "Kim Novak"
             textback user add lee --role admin --generate
    """


@user.command(short_help="Let somebody sign in.")
@config_option
@click.argument("name", callback=fitting(fit_name))
@full_name_option
@role_option
@practices_option
@password_options
@click.option("--same-person", is_flag=True, help="Somebody who was removed is back.")
def add(
    name: str,
    full_name: str | None,
    role: str | None,
    wanted: Sequence[str],
    password_file: Path | None,
    generate: bool,
    same_person: bool,
) -> None:
    """Let somebody sign in. The password is asked for, unless it is made up or read from a file.

    Without --role they are staff. --practice may be left out where there is only one, and for an admin.

    Large and small letters of the name are the same. Nobody can have the name of somebody else, not even of one who
    was removed: what they did stands in it.

    \b
    Example: textback user add kim --full-name "Kim Novak" --practice Riverside
             textback user add lee --role admin --generate
             textback user add kim --same-person --generate
    """
    rank = Role(role or Role.STAFF)
    with stored() as connection:  # nobody is asked for a password in vain
        refuse_taken(connection, name, same_person)
        theirs = practices_meant(connection, rank, wanted)
    password_hash = hash_of(new_password(name, password_file, generate))
    now = system_clock()
    with changing() as connection:
        its: dict[str, Any] = {"full_name": full_name or name, "role": rank, "practices_of_theirs": theirs}
        if same_person:
            bring_back(connection, name, its | {"full_name": full_name}, password_hash, now)
        else:
            accounts.add(connection, name, **its, password_hash=password_hash, by=author(), now=now)
        note(connection, f"{'brought back' if same_person else 'added'} {name} as {rank}")
    seen = "every practice" if rank is Role.ADMIN else one_line(", ".join(theirs))
    click.echo(f"{name}: may sign in as {rank} and sees {seen}")


@user.command(short_help="Set a new password.")
@config_option
@name_argument
@password_options
def passwd(name: str, password_file: Path | None, generate: bool) -> None:
    """Set a new password; whoever is signed in with the old one is signed out.

    \b
    Example: textback user passwd kim
             textback user passwd kim --generate
    """
    with stored() as connection:
        existing(connection, name)
    password_hash = hash_of(new_password(name, password_file, generate))
    with changing() as connection:
        accounts.set_password(connection, existing(connection, name).id, password_hash, system_clock())
        note(connection, f"set the password of {name}")
    click.echo(f"{name}: the password is changed; they are signed out everywhere")


@user.command(short_help="Change a role, a name, the practices; sign out everywhere.")
@config_option
@name_argument
@full_name_option
@role_option
@practices_option
@click.option("--revoke-sessions", is_flag=True, help="Sign them out everywhere.")
def change(
    name: str, full_name: str | None, role: str | None, wanted: Sequence[str], revoke_sessions: bool
) -> None:
    """Change what is given, from their next click on. --practice replaces all that they had.

    \b
    Example: textback user change kim --role manager
             textback user change kim --practice Riverside --practice Grove
             textback user change kim --revoke-sessions
    """
    if not (full_name or role or wanted or revoke_sessions):
        raise click.UsageError("nothing to change: say --role, --practice, --full-name or --revoke-sessions.")
    with changing() as connection:
        there = existing(connection, name)
        rank = Role(role) if role else there.role
        theirs = practices_meant(connection, rank, wanted or sorted(there.practices)) if wanted or role else None
        accounts.change(connection, there.id, role=rank, full_name=full_name, practices_of_theirs=theirs)
        ended = sessions.end_all(connection, there.id) if revoke_sessions else 0
        given = {"role": role, "practices": wanted, "full name": full_name, "sessions": revoke_sessions}
        note(connection, f"changed {name}: {', '.join(key for key, value in given.items() if value)}")
    click.echo(f"{name}: changed{f'; {ended} sessions ended' if revoke_sessions else ''}")


@user.command(short_help="Let somebody in no more.")
@config_option
@name_argument
def remove(name: str) -> None:
    """Let somebody in no more, from now on; what they did stays in their name, which nobody else can have.

    \b
    Example: textback user remove kim
    """
    with changing() as connection:
        accounts.remove(connection, existing(connection, name).id, system_clock())
        note(connection, f"removed {name}")
        anybody = accounts.is_anybody(connection)
    click.echo(f"{name}: removed, and signed out everywhere")
    if not anybody:
        click.echo("hint: now nobody can sign in: `textback user add NAME --role admin`", err=True)


@user.command("list")
@config_option
@list_options
@click.option("--removed", is_flag=True, help="Also those who were removed.")
def list_users(as_json: bool, **filters: Any) -> None:
    """Who may sign in, and when they were last seen; the newest first.

    \b
    Example: textback user list
             textback user list --json --practice Riverside --removed
    """
    with stored() as connection:
        rows = account_list.listing(connection, **filters)
    if as_json:
        for row in rows:
            json_line(row)
    elif rows:
        table([_shown(row) for row in rows], COLUMNS)
    else:
        click.echo("no users: `textback user add NAME --role admin` makes the first", err=True)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    names = row["practices"]
    practices = "all" if names is None else ", ".join(names)
    return row | {name: local(row[name]) for name in _TIMES} | {"practices": practices}
