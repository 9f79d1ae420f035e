"""``textback messages``: what was sent, what waits, and what became of it."""

from __future__ import annotations

from typing import Any

import click

from textback.cli.database import stored
from textback.cli.filters import list_options, one_of
from textback.cli.output import json_line, local, table
from textback.cli.settings import config_option
from textback.model import Status
from textback.store import messages as log

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
