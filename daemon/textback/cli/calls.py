"""``textback calls``: the call log, one call's story, and new calls as they end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click
from sqlalchemy import Connection

from textback import numbers
from textback.book import PracticeBook
from textback.cli.database import stored
from textback.cli.faults import Refused
from textback.cli.filters import json_option, list_options, one_of, practice_option, since_option
from textback.cli.output import cell, json_line, local, one_line, table
from textback.cli.settings import config_option
from textback.cli.tail import Tail
from textback.clock import system_clock
from textback.model import Disposition, Flow, Verdict
from textback.store import calls as log

#: seconds between two looks for calls that ended
POLL = 1.0
COLUMNS = {
    "started": "started_at", "caller": "caller", "name": "caller_name", "queue": "queue", "hold": "hold_seconds",
    "disposition": "disposition", "text": "message_status", "why": "why", "id": "id",
}  # fmt: skip


@click.group()
@config_option
def calls() -> None:
    """The call log.

    \b
    Example: textback calls list --since 1d
    """


@calls.command("list")
@config_option
@list_options
@click.option("--disposition", type=one_of(Disposition), help="Only calls that ended like this.")
@click.option("--verdict", type=one_of(Verdict), help="Only calls with this verdict.")
@click.option("--flow", type=one_of(Flow), help="Only calls of this flow.")
@click.option("--number", help="Only calls of this caller.")
def list_calls(as_json: bool, practice: str | None, number: str | None, **filters: Any) -> None:
    """Calls, newest first, with what became of them and why.

    \b
    Example: textback calls list --since 1d --disposition abandoned
             textback calls list --json --limit 0
    """
    with stored() as connection:
        caller = _as_stored(connection, number, practice) if number else None
        rows = log.listing(connection, practice=practice, number=caller, **filters)
    if as_json:
        for row in rows:
            json_line(row)
    elif rows:
        table([_for_people(row) for row in rows], COLUMNS)
    else:
        click.echo("no calls", err=True)


def _as_stored(connection: Connection, number: str, practice: str | None) -> str:
    """A caller's number as the log has it: E.164, read as in the practice's region, else as given."""
    directory = PracticeBook()(connection)
    regions = [one.region for one in directory.practices if one.name == practice]
    return numbers.read(number, (regions or [directory.region])[0]).e164 or number


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "started_at": local(row["started_at"]), "disposition": row["disposition"] or "on the line"}


@calls.command()
@config_option
@json_option
@click.argument("call_id", metavar="ID")
def show(call_id: str, as_json: bool) -> None:
    """One call: all that is known, its story step by step, and the why.

    \b
    Example: textback calls show main/1795281528.17
    """
    with stored() as connection:
        call = log.one(connection, call_id)
    if call is None:
        raise Refused(f"there is no call {one_line(call_id)}: `textback calls list` shows the ids")
    if as_json:
        json_line(call)
    else:
        _show(call)


def _show(call: dict[str, Any]) -> None:
    story = call.pop("story") or []
    for key, value in call.items():
        if value is not None:
            click.echo(f"{key:<16}  {cell(local(value) if key.endswith('_at') else value)}")
    click.echo()
    for at, words in story:
        began = story[0][0]
        click.echo(f"{local(log.instant_text(at))}  {_offset(at - began):>8}  {one_line(words)}")


def _offset(seconds: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60)
    return f"+{int(minutes)}:{rest:04.1f}"


@calls.command(short_help="Calls as they end.")
@config_option
@json_option
@practice_option
@since_option
def tail(as_json: bool, practice: str | None, since: float | None) -> None:
    """Calls as they end, each as soon as it is known what becomes of it, until Ctrl-C.

    \b
    Example: textback calls tail
    """
    following = Tail(system_clock() if since is None else since)
    with _interrupted() as stop, stored() as connection:
        while not stop.is_set():
            for row in following.take(log.ended_after(connection, following.horizon), system_clock()):
                if practice in (None, row["practice"]):
                    _tell(row, as_json)
            connection.rollback()
            stop.wait(POLL)


@contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """Set by Ctrl-C, which Python would else raise in the midst of anything; a second one ends what hangs."""
    told = threading.Event()

    def hear(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        told.set()

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield told
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        json_line(row)
        return
    caller = " ".join(cell(part) for part in (row["caller_name"], row["caller"]) if part) or "withheld"
    click.echo(f"{local(row['ended_at'])}  {row['id']}  {caller}  {cell(row['why'])}")
