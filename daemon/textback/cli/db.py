"""``textback db``: bring the database to this program's tables, see where it stands, copy it and put it back."""

from __future__ import annotations

import click

from textback.cli.copies import backup, restore
from textback.cli.database import opened, require_head
from textback.cli.settings import config_option, configuration
from textback.cli.waiting import waiting
from textback.store import migrations


@click.group(short_help="The database: upgrade it, copy it, put a copy back.")
@config_option
def db() -> None:
    """The database: bring it up to date, see where it stands, copy it, put a copy back.

    \b
    Example: textback db upgrade
    """


@db.command(short_help="Make the database, or bring it up to date.")
@config_option
def upgrade() -> None:
    """Make the database, or bring it to the tables of this version; changes nothing if it has them.

    \b
    Example: textback --config /etc/textback/textback.toml db upgrade
    """
    with opened(configuration().database.url) as engine:
        with waiting("upgrading the database"):
            applied = migrations.upgrade(engine)
        for revision in applied:
            click.echo(f"upgraded to {revision}")
        if not applied:
            found = migrations.status(engine)
            which = f"made by a newer version; this one knows {found.head}" if found.beside else "the newest"
            click.echo(f"already at {found.current}, {which}")


@db.command(short_help="Say where the database stands.")
@config_option
def status() -> None:
    """Say where the database stands; fails unless it has the tables of this version.

    \b
    Example: textback db status && textback run
    """
    with opened(configuration().database.url, looking=True) as engine:
        found = migrations.status(engine)
        click.echo(f"revision {found.current or 'none'}, newest known {found.head}")
        require_head(engine)


for _command in (backup, restore):
    db.add_command(_command)
