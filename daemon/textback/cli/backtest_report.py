"""How a backtest is shown: a table for people, JSON for programs, a row for each call in CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from textback.backtest import shown
from textback.cli.output import json_line, table
from textback.ledger import Entry, to_row
from textback.model import Disposition
from textback.pbx.records import Records
from textback.pbx.records.asterisk import AsteriskRecords
from textback.practice import Practice
from textback.store.calls import KEYS, instant_text

_COLUMNS = ("practice", "month", "calls", *(word.value for word in Disposition), "texts", "segments", "cost")


@contextmanager
def calls_csv(out: str, practices: Sequence[Practice]) -> Iterator[Callable[[Entry], None]]:
    """Writes the calls as they come, with the keys of ``calls list --json``."""
    regions = {practice.name: practice.region for practice in practices}
    default = practices[0].region if practices else "US"
    with click.open_file(out, "w", encoding="utf-8") as file:
        writer = csv.DictWriter(file, KEYS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()

        def write(entry: Entry) -> None:
            row = to_row(shown(entry, regions.get(entry.practice or "", default)))
            writer.writerow({key: _cell(key, row.get(key)) for key in KEYS})

        yield write


def _cell(key: str, value: Any) -> Any:
    if value is None:
        return ""
    if key.endswith("_at"):
        return instant_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    # A caller chooses name and number; no spreadsheet may take them for a formula.
    harmless = text[:1] not in tuple("=@+-\t\r") or text.removeprefix("+").isdigit()
    return value if harmless else f"'{text}"


def report(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        for row in rows:
            json_line(row)
        return
    if not rows:
        click.echo("no calls")
        return
    table([_flat(row) for row in rows], {key: key for key in _COLUMNS})
    reasons = [
        {"practice": row["practice"], "month": row["month"], "calls": calls, "not texted": reason}
        for row in rows
        for reason, calls in sorted(row["reasons"].items(), key=lambda item: (-item[1], item[0]))
    ]
    if reasons:
        click.echo()
        table(reasons, {key: key for key in reasons[0]})


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    cost = None if row["cost"] is None else f"{row['cost']:.2f}"
    counts = {word.value: row["dispositions"].get(word.value, 0) for word in Disposition}
    return {**row, **counts, "texts": sum(row["texts"].values()), "cost": cost}


def warn(records: Records, rows: Sequence[Mapping[str, Any]]) -> None:
    """What could not be used, and what would tell more."""
    for source in records.sources:
        for kind, count in sorted(source.faults.items()):
            click.echo(f"{count} lines were passed over: {kind}", err=True)
    lost = sum(row["dispositions"].get(Disposition.LOST, 0) for row in rows)
    if lost and isinstance(records, AsteriskRecords) and records.cdr is None:
        click.echo(f"of {lost} calls queue_log does not tell the end (time-outs, transfers): --cdr would", err=True)
