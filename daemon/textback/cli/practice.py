"""``textback practice``: load what a practice wants, write it back, see which there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from textback.cli import toml
from textback.cli.author import author
from textback.cli.database import changing, stored
from textback.cli.faults import Refused
from textback.cli.filters import json_option, limit_option
from textback.cli.lineage import Origin, marker, origin_of
from textback.cli.output import json_line, local, one_line, table
from textback.cli.preview import preview
from textback.cli.settings import config_option, configuration
from textback.clock import system_clock
from textback.config import ConfigError, load_practice_file
from textback.practice import read_practice, to_document
from textback.practice.changes import changes
from textback.practice.conflicts import conflicts
from textback.practice.telling import lacks, refused
from textback.store import practices as store
from textback.store.calls import instant_text
from textback.store.practices import PracticeRow
from textback.store.signatures import by_apply, page_version

COLUMNS = {
    "practice": "name", "version": "version", "changed": "updated_at", "by": "updated_by", "lines": "lines",
}  # fmt: skip


@click.group()
@config_option
def practice() -> None:
    """What practices want: hours, flows, messages, guards.

    \b
    Example: textback practice apply practice.toml
    """


@practice.command(short_help="Load a practice file and say what changed.")
@config_option
@click.option("--force", is_flag=True, help="Even over changes that were made on the page since the export.")
@click.argument("file", type=click.Path(path_type=Path))
def apply(file: Path, force: bool) -> None:
    """Load a practice file and say what changed; a file that is in force already changes nothing.

    It holds from the next event on, also in a daemon that runs.

    \b
    Example: textback practice apply practice.toml
    """
    wanted, ways = load_practice_file(file), configuration().ways
    document, origin = to_document(wanted), origin_of(file)
    with changing() as connection:
        rows = store.all_documents(connection)
        clashes = list(conflicts(wanted, [read_practice(row.document) for row in rows]))
        clashes += refused(wanted.notify.webhook, ways)
        if clashes:
            raise ConfigError(file, clashes)
        before = next((row for row in rows if row.name == wanted.name), None)
        if before and before.document != document and not force:
            _refuse_stale(file, origin, before)
        by = by_apply(author(), 0 if force or before is None else page_version(before))
        version = store.put(connection, wanted.name, document, by, system_clock())
    _tell(wanted.name, before, document, version)
    for warning in (*wanted.warnings(), *lacks(wanted.notify, ways)):
        click.echo(f"{file}: warning: {warning}", err=True)


def _refuse_stale(file: Path, origin: Origin | None, before: PracticeRow) -> None:
    changed = page_version(before)
    known = origin.version if origin and origin.name == before.name else 0
    if changed > known:
        raise Refused(
            f"{file}: the practice {one_line(before.name)} was changed since by {one_line(before.updated_by)}"
            f" (version {changed}, this file has {known or 'none'}): see `textback practice export`, put your changes"
            " into that, or say --force to overwrite"
        )


def _tell(name: str, before: PracticeRow | None, document: dict[str, Any], version: int) -> None:
    name = one_line(name)
    if before is None:
        click.echo(f"{name}: added, version {version}")
        return
    told = list(changes(before.document, document))
    for line in told:
        click.echo(f"{name}: {line}")
    click.echo(f"{name}: {len(told)} changed, version {version}" if told else f"{name}: nothing changed")


@practice.command(short_help="Write a practice as a file that `apply` takes.")
@config_option
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Where to; else to the standard output.")
@click.argument("name")
def export(name: str, output: Path | None) -> None:
    """Write a practice as a file that `apply` takes; applied as it is, it changes nothing.

    \b
    Example: textback practice export "Riverside Clinic" --output practice.toml
    """
    with stored() as connection:
        row = _named(connection, name)
    text = f"{marker(row)}\n\n{toml.dumps(to_document(read_practice(row.document)))}"
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise Refused(f"{output}: {(error.strerror or 'cannot be written').lower()}") from None
    click.echo(f"{output}: {one_line(row.name)}, version {row.version}")


def _named(connection: Connection, name: str) -> PracticeRow:
    rows = store.all_documents(connection)
    for row in rows:
        if row.name == name:
            return row
    known = ", ".join(one_line(row.name) for row in rows) or "none yet: `textback practice apply FILE` loads one"
    raise Refused(f"there is no practice {one_line(name)}; there is {known}")


@practice.command("list")
@config_option
@json_option
@limit_option
def list_practices(as_json: bool, limit: int) -> None:
    """All practices, by name.

    \b
    Example: textback practice list
    """
    with stored() as connection:
        rows = [_listed(row) for row in store.all_documents(connection)[: limit or None]]
    if as_json:
        for row in rows:
            json_line(row)
    elif rows:
        shown = [{**row, "updated_at": local(row["updated_at"]), "lines": ", ".join(row["lines"])} for row in rows]
        table(shown, COLUMNS)
    else:
        click.echo("no practices yet: `textback practice apply FILE` loads one", err=True)


def _listed(row: PracticeRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "version": row.version,
        "updated_at": instant_text(row.updated_at),
        "updated_by": row.updated_by,
        "lines": [line["number"] for line in row.document.get("line", ())],
    }


practice.add_command(preview)
