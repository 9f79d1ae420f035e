"""``textback contacts``: whom a practice knows, taken in from a table and given out as one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from sys import stderr
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Engine

from textback import contacts as room
from textback import sheet
from textback.book import PracticeBook
from textback.cli.database import opened, require_head, stored
from textback.cli.erasing import erase
from textback.cli.faults import Refused
from textback.cli.filters import one_of
from textback.cli.runs import Runs
from textback.cli.settings import config_option, configuration
from textback.clock import system_clock
from textback.contacts import Import, Outcome
from textback.model import ContactKind
from textback.store.engine import reading

#: Bytes of what is piped in that are kept in memory; more goes to a file for the time being.
_IN_MEMORY = 1_000_000


@click.group()
@config_option
def contacts() -> None:
    """Whom the practices know.

    \b
    Example: textback contacts import patients.csv
    """


@contacts.command("import", short_help="Take in contacts from a CSV file.")
@config_option
@click.option("--practice", metavar="NAME", help="Whose contacts they are, if there are several practices.")
@click.option("--kind", type=one_of(ContactKind), default="patient", help="What somebody new is, where no column says.")
@click.option("--dry-run", is_flag=True, help="Only tell what would become of the rows.")
@click.argument("file", type=click.File("rb"))
def import_contacts(file: BinaryIO, practice: str | None, kind: str, dry_run: bool) -> None:
    """Take in contacts from FILE, a CSV file of any dialect with headings, or from "-", the standard input.

    The column "number" ("phone", "mobile" …) must be there; "first name", "last name" or "name", "kind", "language",
    "verified", "external id" and "practice" may be. Rows that are taken in again change nothing; those that cannot be
    taken in are told with their lines, and the others are taken in all the same.

    \b
    Example: textback contacts import patients.csv
             textback contacts import --practice Riverside --kind referral --dry-run partners.csv
    """
    total = Outcome()
    with opened(configuration().database.url, looking=dry_run) as engine, _twice_readable(file) as table:
        require_head(engine)
        with _progress(table) as on_bytes, _faults():
            found = sheet.read(table, room.is_heading, on_bytes)
            columns = room.columns_of(found.headings)
            with reading(engine) as connection:
                directory = PracticeBook()(connection)
            importing = Import(directory, columns, practice, ContactKind(kind), system_clock())
            _take_all(engine, importing, found, total, dry_run)
    _tell(total, dry_run)
    if total.bad:
        raise click.exceptions.Exit(1)


@contacts.command("export", short_help="Give out contacts as a CSV file.")
@config_option
@click.option("--practice", metavar="NAME", help="Only the contacts of this practice.")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
def export_contacts(file: str, practice: str | None) -> None:
    """Write the contacts to FILE, or to the standard output; `textback contacts import` takes that in again.

    \b
    Example: textback contacts export contacts.csv
             textback contacts export --practice Riverside | gzip > riverside.csv.gz
    """
    with stored() as connection:
        names = [one.name for one in PracticeBook()(connection).practices]
        if practice is not None and practice not in names:
            raise click.UsageError(f"there is no such practice; there is {', '.join(names)}")
        wanted = names if practice is None else [practice]
        with click.open_file(file, "wb") as out:
            for piece in room.exported(connection, wanted, bom=file != "-"):
                out.write(piece)


contacts.add_command(erase)


def _take_all(engine: Engine, importing: Import, found: sheet.Sheet, total: Outcome, dry_run: bool) -> None:
    bad = Runs(lambda first, last, why: click.echo(f"{_lines(first, last)}: {why}", err=True))
    while rows := list(islice(found.rows, room.BATCH)):
        with reading(engine) if dry_run else engine.begin() as connection:
            outcome = importing.take(connection, rows, write=not dry_run)
        total.new, total.changed, total.same = (
            total.new + outcome.new, total.changed + outcome.changed, total.same + outcome.same,
        )  # fmt: skip
        total.odd_languages += outcome.odd_languages
        total.bad += outcome.bad
        for line, why in sorted(outcome.bad):
            bad.add(line, why)
    bad.end()


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _tell(total: Outcome, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    parts = [f"{total.new} {would}new", f"{total.changed} {would}changed", f"{total.same} as they were"]
    parts += [f"{len(total.bad)} not taken in"] if total.bad else []
    click.echo(f"contacts: {', '.join(parts)}")
    if total.odd_languages:
        click.echo(f"hint: {total.odd_languages} rows have a language that is none, as far as we know", err=True)


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (sheet.SheetError, room.ContactsError) as error:
        raise Refused(str(error)) from None


@contextmanager
def _twice_readable(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file, or what a pipe has, as something that can be read again."""
    if file.seekable():
        yield file
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as kept:
        shutil.copyfileobj(file, kept)
        yield kept  # type: ignore[misc]


@contextmanager
def _progress(table: BinaryIO) -> Iterator[Callable[[int], None]]:
    """A bar where a person watches."""
    if not stderr.isatty():
        yield lambda count: None
        return
    size = table.seek(0, 2)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("importing", total=float(size))
        yield lambda count: bar.advance(task, count)
