"""``textback optout``: who wants no texts, and who wants them again."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import Connection

from textback import numbers
from textback.book import PracticeBook
from textback.cli.database import changing, stored
from textback.cli.filters import json_option, limit_option, since_option
from textback.cli.output import json_line, local, table
from textback.cli.settings import config_option
from textback.clock import system_clock
from textback.store import optouts

#: How an opt-out is known that was entered here.
BY_STAFF = "staff"
COLUMNS = {"number": "number", "since": "at", "source": "source"}
#: What stands for the number of somebody who was erased.
ERASED = "(erased)"


@click.group()
@config_option
def optout() -> None:
    """Numbers that nothing is sent to, whatever anybody wants.

    \b
    Example: textback optout list
    """


@optout.command(short_help="Send no more texts to these numbers.")
@config_option
@click.argument("given", metavar="NUMBER…", nargs=-1, required=True)
def add(given: tuple[str, ...]) -> None:
    """Send no more texts to these numbers, whoever asks: what waits for them is cancelled.

    \b
    Example: textback optout add "(202) 555-0143"
    """
    with changing() as connection:
        for number in _read(connection, given):
            is_new = optouts.opt_out(connection, number, system_clock(), BY_STAFF)
            click.echo(f"{number}: {'opted out' if is_new else 'had opted out before'}")


@optout.command(short_help="Allow texts to these numbers again.")
@config_option
@click.argument("given", metavar="NUMBER…", nargs=-1, required=True)
def remove(given: tuple[str, ...]) -> None:
    """Allow texts to these numbers again; their provider may still refuse them until they text START.

    \b
    Example: textback optout remove +12025550143
    """
    with changing() as connection:
        for number in _read(connection, given):
            click.echo(f"{number}: {'removed' if optouts.remove(connection, number) else 'had not opted out'}")


@optout.command("list")
@config_option
@json_option
@limit_option
@since_option
def list_optouts(as_json: bool, **filters: Any) -> None:
    """Who opted out, since when, and how we know; the newest first. Of who was erased there is no number any more.

    \b
    Example: textback optout list --since 1d
    """
    with stored() as connection:
        rows = optouts.listing(connection, **filters)
    if as_json:
        for row in rows:
            json_line(row)
    elif rows:
        table([{**row, "number": row["number"] or ERASED, "at": local(row["at"])} for row in rows], COLUMNS)
    else:
        click.echo("nobody opted out", err=True)


def _read(connection: Connection, given: tuple[str, ...]) -> list[str]:
    """The numbers in E.164; if one of them is none, nothing is done."""
    region = PracticeBook()(connection).region
    read = {text: numbers.read(text, region).e164 for text in given}
    wrong = [repr(text) for text, number in read.items() if number is None]
    if wrong:
        raise click.UsageError(f'no telephone number: {", ".join(wrong)}; expected one such as "+12025550143".')
    return [number for number in read.values() if number is not None]
