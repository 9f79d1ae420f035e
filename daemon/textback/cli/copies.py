"""``textback db backup`` and ``db restore``: a copy of the database, and the way back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from textback.cli.author import author
from textback.cli.database import opened
from textback.cli.faults import Refused
from textback.cli.settings import config_option, configuration
from textback.cli.waiting import waiting
from textback.clock import system_clock
from textback.store import backups, dumps, migrations, restoring, senders
from textback.store.engine import file_of, reading

#: Seconds within which a daemon gives a sign of life.
SILENCE = 60.0


@click.command(short_help="Copy the database while the daemon runs.")
@config_option
@click.option("--force", is_flag=True, help="Take the place of a file that is there.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path, force: bool) -> None:
    """Copy the database to FILE, as it is at one moment; a daemon that runs goes on.

    FILE has all that the database has: names, numbers, texts, hashed passwords, keys. Only its owner can read it. Of a
    SQLite database it is one itself; PostgreSQL and MariaDB are copied by pg_dump and mariadb-dump, which must be
    installed here.

    \b
    Example: textback db backup /var/backups/textback/$(date +%F).db
    """
    with opened(configuration().database.url, looking=True) as engine, waiting("copying the database"):
        path = file_of(engine)
        if path is not None:
            backups.backup(path, file, force)
        elif engine.dialect.name == "sqlite":
            raise Refused("a database in memory cannot be copied")
        else:
            backups.refuse_existing(file, force)
            with backups.whole(file) as part:
                dumps.dump(engine.url, part)
                backups.publish(part, file, force)
    click.echo(f"copied to {file}: {file.stat().st_size / 1e6:.1f} MB")


@click.command(short_help="Put a copy in the place of the database.")
@config_option
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@click.option("--force", is_flag=True, help="Also where a daemon seems to run.")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
def restore(file: Path, yes: bool, force: bool) -> None:
    """Put FILE, made by `textback db backup`, in the place of the database. Stop all daemons before.

    No text leaves a second time: those that waited when FILE was made are looked up at the provider, and what it does
    not have is shown to staff as of unknown fate. Calls that ended since come from the PBX's own records, if there are
    any, and their texts are held. Replies are fetched again, opt-outs among them. A SQLite database that was there is
    kept beside it; on a server it is replaced.

    \b
    Example: textback db restore /var/backups/textback/2026-11-21.db
    """
    now = system_clock()
    with opened(configuration().database.url) as engine:
        if not force and _is_used(configuration().database.url, now):
            raise Refused("a daemon has just been at work on this database: stop it, or say --force if it is gone")
        if not yes:
            click.confirm("Put this copy in the place of the database?", abort=True, err=True)
        with waiting("restoring"):
            told = _restored_file(engine, file, now) if file_of(engine) else _restored_server(engine, file, now)
    since = "nothing is in it" if told.latest is None else f"its last call began at {_local(told.latest)}"
    click.echo(f"restored: {since}; {told.doubtful} texts that waited are looked up, {told.sessions} sessions ended")
    click.echo("hint: users, tokens and erasures that were removed or made since must be so once more", err=True)


def _restored_file(engine: Engine, file: Path, now: float) -> restoring.Told:
    path = file_of(engine)
    assert path is not None
    told: list[restoring.Told] = []

    def mark(connection: Connection) -> None:
        told.append(restoring.mark(connection, author(), now))

    engine.dispose()
    kept = backups.restore(file, path, mark, f".before-{datetime.fromtimestamp(now):%Y%m%d-%H%M%S}")
    if kept is not None:
        click.echo(f"what was there is now {kept}")
    return told[0]


def _restored_server(engine: Engine, file: Path, now: float) -> restoring.Told:
    dumps.load(engine, file)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        return restoring.mark(connection, author(), now)


def _is_used(url: str, now: float) -> bool:
    """Whether a daemon has given a sign of life lately; a database that cannot be read is nobody's."""
    try:
        with opened(url, looking=True) as engine, reading(engine) as connection:
            return any(abs(now - at) < SILENCE for _, at in senders.beats(connection).values())
    except SQLAlchemyError:
        return False


def _local(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S}"
