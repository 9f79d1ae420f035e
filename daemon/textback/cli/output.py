"""What lists look like: JSON lines for programs, tables for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

GAP = "  "


def json_line(row: Mapping[str, Any]) -> None:
    """One object on one line, in ASCII: what a caller chose to be called must not reach a terminal as it is."""
    click.echo(json.dumps(row))


def one_line(text: str) -> str:
    """``text`` with everything escaped that a terminal might obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def cell(value: object) -> str:
    """One value as people read it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}"
    return one_line(str(value))


def table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """Print ``columns`` (heading to key) of the rows, aligned; the last one may be as long as it is."""
    lines: list[Sequence[str]] = [list(columns)]
    lines += [[cell(row[key]) for key in columns.values()] for row in rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        click.echo(GAP.join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def local(instant: str | None) -> str | None:
    """An instant of the JSON output in the time zone of this computer, to the second."""
    if instant is None:
        return None
    return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S")
