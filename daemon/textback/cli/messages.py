"""``textback messages``: what was sent, what waits, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from sqlalchemy import Connection

from textback.cli.database import changing, stored
from textback.cli.filters import list_options, one_of
from textback.cli.output import json_line, local, table
from textback.cli.settings import config_option
from textback.clock import system_clock
from textback.model import Status
from textback.store import messages as log
from textback.store.release import Refused, cancel, release

COLUMNS = {
    "created": "created_at", "to": "to", "flow": "flow", "status": "status", "reason": "reason", "segments": "segments",
    "call": "call_id", "text": "body",
}  # fmt: skip


@click.group()
@config_option
def messages() -> None:
    """The texts.

    \b
    Example: textback messages list --since 1d
    """


@messages.command("list")
@config_option
@list_options
@click.option("--status", type=one_of(Status), help="Only texts in this state.")
def list_messages(as_json: bool, **filters: Any) -> None:
    """Texts, newest first.

    \b
    Example: textback messages list --status held
             textback messages list --json --since 2h
    """
    with stored() as connection:
        rows = log.listing(connection, **filters)
    if as_json:
        for row in rows:
            json_line(row)
    elif rows:
        table([{**row, "created_at": local(row["created_at"])} for row in rows], COLUMNS)
    else:
        click.echo("no messages", err=True)


@messages.command("release")
@config_option
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
def release_messages(ids: tuple[str, ...]) -> None:
    """Text now: send what is held, or what may not have been sent.

    \b
    Example: textback messages list --status held
             textback messages release 0b54c5ae-5b0e-5a0b-9d2d-1f2c6a7a8d11
    """
    _each(ids, lambda connection, message_id: release(connection, message_id, system_clock()), "released")


@messages.command("cancel")
@config_option
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
def cancel_messages(ids: tuple[str, ...]) -> None:
    """Dismiss: never send what is held, queued, or may not have been sent.

    \b
    Example: textback messages cancel 0b54c5ae-5b0e-5a0b-9d2d-1f2c6a7a8d11
    """
    _each(ids, cancel, "cancelled")


def _each(ids: tuple[str, ...], act: Callable[[Connection, str], None], done: str) -> None:
    """Every message that can be is done; the others are told, and the exit status is 1."""
    refused = False
    for message_id in ids:
        try:
            with changing() as connection:
                act(connection, message_id)
        except Refused as error:
            click.echo(f"{message_id}: {error}", err=True)
            refused = True
        else:
            click.echo(f"{message_id}: {done}")
    if refused:
        raise click.exceptions.Exit(1)
