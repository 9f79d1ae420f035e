"""``textback messages``: what was sent, what waits, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy import Connection

from textback import chat, manual
from textback.book import PracticeBook
from textback.cli.author import at_the_keyboard, author
from textback.cli.database import changing, stored
from textback.cli.faults import Refused
from textback.cli.filters import list_options, one_of
from textback.cli.output import json_line, local, one_line, table
from textback.cli.settings import config_option
from textback.clock import system_clock
from textback.model import Direction, Status
from textback.store import messages as log
from textback.store.release import cancel, message, release
from textback.store.senders import beats

#: seconds after which a daemon that does not say that it lives is taken for gone
SILENCE = 300.0
COLUMNS = {
    "created": "created_at", "way": "direction", "number": "number", "flow": "flow", "status": "status",
    "reason": "reason", "segments": "segments", "call": "call_id", "id": "id", "text": "body",
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
        table([_shown(row) for row in rows], COLUMNS)
    else:
        click.echo("no messages", err=True)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """As people look at it: by the number of whoever is at the other end."""
    other = row["from"] if row["direction"] == Direction.IN else row["to"]
    return {**row, "created_at": local(row["created_at"]), "number": other}


@messages.command("send", short_help="Text a number in the practice's name.")
@config_option
@click.option("--practice", metavar="NAME", help="In the name of this practice, if there are several.")
@click.option("--line", metavar="LINE", help="From this line, by its name or number; else from the first one.")
@click.argument("number")
@click.argument("text")
def send_message(number: str, text: str, practice: str | None, line: str | None) -> None:
    """Text NUMBER in the practice's name; a daemon that runs sends it before all automatic texts.

    TEXT may have the placeholders of a practice file, and {staff} for your user name.

    \b
    Example: textback messages send +12025550123 "Hi {first_name|there}, this is {practice}."
             textback messages send --line Billing +12025550123 "Your bill is paid, thank you!"
    """
    now = system_clock()
    with _told(), changing() as connection:
        directory, key = PracticeBook()(connection), str(uuid.uuid4())
        new = chat.start(connection, directory, at_the_keyboard(), practice, line, number, text, key, now)
        row = message(connection, new)
        heard_at = [at for _, at in beats(connection).values()]
    parts = f"{row.segments} segment{'s' if row.segments != 1 else ''}"
    click.echo(f"{new}: queued, {parts} to {row.to_number} from {row.from_number}: {one_line(row.body)}")
    if not any(abs(now - at) < SILENCE for at in heard_at):
        click.echo("hint: no daemon is running: the text leaves once `textback run` does", err=True)


@contextmanager
def _told() -> Iterator[None]:
    """Refusals as messages of a command: what was asked for in a way that cannot be done is a fault of usage."""
    try:
        yield
    except manual.Unclear as unclear:
        raise click.UsageError(one_line(str(unclear))) from None
    except manual.Refused as refused:
        raise Refused(one_line(str(refused))) from None


@messages.command("retry", short_help="Send once more what did not arrive.")
@config_option
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
def retry_messages(ids: tuple[str, ...]) -> None:
    """Send once more what failed or was not delivered; what the provider had taken gets a new ID.

    \b
    Example: textback messages list --status undelivered
             textback messages retry 0b54c5ae-5b0e-5a0b-9d2d-1f2c6a7a8d11
    """

    def again(connection: Connection, message_id: str) -> str:
        new = manual.retry(connection, PracticeBook()(connection), message_id, author(), system_clock())
        return "queued again" if new == message_id else f"queued again as {new}"

    _each(ids, again)


@messages.command("release")
@config_option
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
def release_messages(ids: tuple[str, ...]) -> None:
    """Text now: send what is held, or what may not have been sent.

    \b
    Example: textback messages list --status held
             textback messages release 0b54c5ae-5b0e-5a0b-9d2d-1f2c6a7a8d11
    """

    def text_now(connection: Connection, message_id: str) -> str:
        release(connection, PracticeBook()(connection), message_id, author(), system_clock())
        return "released"

    _each(ids, text_now)


@messages.command("cancel", short_help="Dismiss what is held, queued or of unknown fate.")
@config_option
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
def cancel_messages(ids: tuple[str, ...]) -> None:
    """Dismiss: never send what is held, queued, or may not have been sent.

    \b
    Example: textback messages cancel 0b54c5ae-5b0e-5a0b-9d2d-1f2c6a7a8d11
    """

    def dismiss(connection: Connection, message_id: str) -> str:
        cancel(connection, message_id)
        return "cancelled"

    _each(ids, dismiss)


def _each(ids: tuple[str, ...], act: Callable[[Connection, str], str]) -> None:
    """Every message that can be is done, and what was done is told; so are the others, and the exit status is 1."""
    refused = False
    for message_id in ids:
        try:
            with changing() as connection:
                done = act(connection, message_id)
        except manual.Refused as error:
            click.echo(f"{one_line(message_id)}: {one_line(str(error))}", err=True)
            refused = True
        else:
            click.echo(f"{message_id}: {done}")
    if refused:
        raise click.exceptions.Exit(1)
