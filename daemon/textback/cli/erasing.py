"""``textback contacts erase``: a person who wants to be forgotten is."""

from __future__ import annotations

import sys
from itertools import islice

import click
from sqlalchemy import Connection, Engine

from textback import numbers
from textback.book import PracticeBook
from textback.cli.author import author
from textback.cli.database import opened, require_head
from textback.cli.faults import Refused
from textback.cli.settings import config_option, configuration
from textback.cli.waiting import waiting
from textback.clock import system_clock
from textback.directory import Directory
from textback.store import contacts, erasing, in_flight, release
from textback.store.engine import StoreError, reading
from textback.store.scrubbing import scrub, zero_what_is_deleted

#: Places of each kind that are told.
SHOWN = 20


@click.command(short_help="Forget a person: contact, calls, texts, notes.")
@config_option
@click.option("--id", "contact_id", type=click.IntRange(1, 2**31 - 1), help="The person by their id, not by number.")
@click.option("--cancel", is_flag=True, help="First dismiss texts that wait.")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@click.option("--no-vacuum", is_flag=True, help="Leave the file of SQLite as large as it is, with traces in it.")
@click.argument("number", required=False)
def erase(number: str | None, contact_id: int | None, cancel: bool, yes: bool, no_vacuum: bool) -> None:
    """Forget whoever has NUMBER, in every practice: contacts, what calls tell of them, texts, notes, raw posts.

    That there was a call, how it ended and whether it was texted stays, without number, name or words: the reports
    do not change. It asks before, if somebody is there to answer. Whoever opted out stays so, by a keyed hash of
    the number. Nobody may be on the line, and no text may be on its way. Where several contacts share a number,
    --id forgets the one contact, and leaves calls and texts, of which nobody can tell whose they are. Backups, the
    PBX's records and the provider still have the person.

    \b
    Example: textback contacts erase "(202) 555-0143"
             textback contacts erase --cancel --yes +12025550143
             textback contacts erase --id 4711
    """
    if (number is None) == (contact_id is None):
        raise click.UsageError('say either a number such as "+12025550143", or --id')
    with opened(configuration().database.url) as engine:
        require_head(engine, every=True)  # nobody is forgotten by who does not know all places
        with reading(engine) as connection:
            directory = PracticeBook()(connection)
            number, alone = _meant(connection, directory, number, contact_id)
        if not yes and not _is_meant():
            raise click.Abort
        if contact_id is not None and not alone:
            _forget_one(engine, contact_id)
        else:
            _forget(engine, number, cancel)
            _tell_rest(engine, directory, number)
        if not no_vacuum:
            _scrub(engine)


def _is_meant() -> bool:
    """Ask, unless nobody is there to answer: a script means what it says."""
    try:
        return click.confirm("Forget this person? Nothing can bring them back", err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        return True


def _meant(
    connection: Connection, directory: Directory, given: str | None, contact_id: int | None
) -> tuple[str, bool]:
    """The number that is meant, as it is stored, and whether nobody else has it."""
    if contact_id is None:
        return numbers.read(given, directory.region).e164 or (given or "").strip(), True
    contact = contacts.find(connection, contact_id)
    if contact is None:
        raise Refused("there is no such contact")
    return contact.number, erasing.sharing(connection, contact.number) == 1


def _forget(engine: Engine, number: str, cancel: bool) -> None:
    now = system_clock()
    try:
        with engine.begin() as connection:
            zero_what_is_deleted(connection)
            if cancel:
                in_flight.cancel(connection, number)
            if hindrances := list(in_flight.of(connection, number)):
                raise Refused("\n".join(hindrances))
            gone = erasing.erase(connection, number, author(), now)
    except release.Refused as refused:
        raise Refused(f"a text was faster: {refused}; try again in a minute") from None
    parts = [(gone.contacts, "contact"), (gone.calls, "call"), (gone.texts, "text"), (gone.notes, "note")]
    parts.append((gone.posts, "raw post"))
    click.echo(f"erased: {', '.join(f'{count} {what}{_s(count)}' for count, what in parts)}")
    if gone.opted_out:
        click.echo("they opted out: a keyed hash of their number keeps it so")


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _forget_one(engine: Engine, contact_id: int) -> None:
    with engine.begin() as connection:
        zero_what_is_deleted(connection)
        contact = contacts.find(connection, contact_id)
        if contact is None:
            raise Refused("there is no such contact any more")
        erasing.forget_contact(connection, contact_id, author(), contact.practice, system_clock())
    click.echo("erased: 1 contact; others have the same number, so its calls and texts stay")
    click.echo("hint: `textback contacts erase NUMBER` forgets all who have it", err=True)


def _tell_rest(engine: Engine, directory: Directory, number: str) -> None:
    """What others wrote, and what managers set, is theirs to change: it is only told where it stands."""
    with reading(engine) as connection:
        found = list(islice(erasing.mentioned(connection, number), SHOWN + 1))
    for kind, talk in found[:SHOWN]:
        click.echo(f"hint: a {kind} in conversation {talk}, which is with somebody else, has the number", err=True)
    if len(found) > SHOWN:
        click.echo("hint: and more of them have", err=True)
    for practice in directory.practices:
        if number in practice.test_numbers or number in practice.guards.blocked:
            click.echo(f"hint: the settings of {practice.name} name the number, and so does their history", err=True)


def _scrub(engine: Engine) -> None:
    with waiting("writing the database anew"):
        try:
            clean = scrub(engine)
        except StoreError as error:
            raise Refused(f"erased, but traces may be left in the file: {error}") from error
    if not clean:
        click.echo("hint: somebody was reading: traces may be left in the file until the next checkpoint", err=True)
