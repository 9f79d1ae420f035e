"""``textback replay``: what textback makes of recorded bytes, without sending anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from textback import replay as recorded
from textback.book import PracticeBook
from textback.call import Call
from textback.cli.database import opened, require_head
from textback.cli.faults import Refused
from textback.cli.output import json_line, one_line
from textback.cli.settings import config_option, configuration
from textback.config import Config, Pbx, load_practice_file
from textback.events import Fact, StaffReached
from textback.ledger import Entry
from textback.following import translator_of
from textback.practice import Practice
from textback.store.engine import StoreError, file_of, reading
from textback.wording import step


@click.command(short_help="Run recorded AMI or ESL bytes through the daemon's code.")
@config_option
@click.option(
    "--practice", "practice_file", type=click.Path(path_type=Path), metavar="FILE", help="Judge by this practice file."
)
@click.option("--pbx", "name", metavar="NAME", help="The [[pbx]] that was recorded, if there are several.")
@click.option("--json", "as_json", is_flag=True, help="Only the calls, one JSON object a line.")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE...")
def replay(practice_file: Path | None, name: str | None, as_json: bool, files: Sequence[Path]) -> None:
    """Run recorded bytes of a PBX's link through the code of the daemon, in memory: fact, state, verdict.

    Without --practice the practices of the configured database hold. Arrival times are taken from FILE's
    .idx (JSON lines [seconds, offset]) if there is one.

    \b
    Example: textback replay --practice practice.toml --pbx main monday.ami
    """
    config = configuration()
    pbx = _recorded(config, name)
    practices = [load_practice_file(practice_file)] if practice_file else stored_practices(config)
    for file in files:
        rows = _replay(file, pbx, practices, None if as_json else Narrator(file))
        if not rows and not as_json:
            click.echo(f"{file}: no call in it; it should be the bytes of an AMI or ESL link after its login", err=True)
        for row in rows if as_json else ():
            json_line(row)


def _replay(file: Path, pbx: Pbx, practices: Sequence[Practice], narrator: Narrator | None) -> list[dict[str, Any]]:
    translator = translator_of(pbx)
    try:
        if narrator is None:
            return recorded.replay(file, translator, practices)
        return recorded.replay(file, translator, practices, narrator.fact, narrator.step, narrator.decided)
    except OSError as error:
        raise Refused(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None
    except ValueError as error:
        raise Refused(str(error)) from None


def _recorded(config: Config, name: str | None) -> Pbx:
    """The PBX whose bytes these are."""
    if name is None and len(config.pbx) == 1:
        return config.pbx[0]
    known = ", ".join(pbx.name for pbx in config.pbx) or "none"
    try:
        return next(pbx for pbx in config.pbx if pbx.name == name)
    except StopIteration:
        raise click.UsageError(f"say with --pbx which [[pbx]] was recorded; there is {known}") from None


def stored_practices(config: Config) -> Sequence[Practice]:
    """The practices of the database, if there is one yet."""
    with opened(config.database.url, looking=True) as engine:
        path = file_of(engine)
        try:
            if path is None and engine.dialect.name == "sqlite":
                raise StoreError("the database is in memory")
            require_head(engine)
        except StoreError as error:
            click.echo(f"without practices, as there is no --practice, and {error}", err=True)
            return ()
        with reading(engine) as connection:
            return PracticeBook()(connection).practices


class Narrator:
    """Tells the replay of one file, line by line."""

    def __init__(self, file: Path) -> None:
        self._began: float | None = None
        click.echo(f"{file}")

    def fact(self, fact: Fact) -> None:
        """What happened, before anything follows from it."""
        if self._began is None:
            self._began = fact.at
        if isinstance(fact, StaffReached):
            self._line(fact.at, "", "staff reached somebody outside")

    def step(self, fact: Fact, call: Call) -> None:
        """A fact and the state that the call is in after it."""
        words = step(fact)
        if words:
            state = call.disposition if call.disposition else call.phase
            self._line(fact.at, call.id, f"{words} [{state}]")

    def decided(self, entry: Entry) -> None:
        """A verdict."""
        if entry.decision is not None:
            at = entry.settle_at or entry.call.ended_at or entry.call.asked_at or 0.0
            self._line(at, entry.call.id, f"{entry.decision.why} [{entry.decision.reason}]")

    def _line(self, at: float, call: str, words: str) -> None:
        offset = at - (self._began if self._began is not None else at)
        click.echo(f"{offset:+10.3f}  {call:<24}  {one_line(words)}")
