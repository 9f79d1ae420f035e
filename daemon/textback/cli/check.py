"""``textback check``: whether both files are right and the database is ready, without touching anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from textback.book import PracticeBook
from textback.cli.database import opened, require_head
from textback.cli.faults import Misconfigured
from textback.cli.output import one_line
from textback.cli.settings import config_option, config_path
from textback.config import Config, ConfigError, load_practice_file, load_told
from textback.practice import Practice
from textback.practice.conflicts import conflicts
from textback.practice.telling import lacks, refused
from textback.store.engine import StoreError, file_of, reading

WITHHELD = (
    "hint: Asterisk tells of a caller who hides the number only with `channelvars = CALLERID(pres)`"
    " under [general] in manager.conf (at its end: [general](+)), after a restart"
)


@click.command(short_help="Check textback.toml, practice files and database.")
@config_option
@click.option(
    "--practice", "files", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
    help="A practice file to check too; may be given several times.",
)  # fmt: skip
def check(files: Sequence[Path]) -> None:
    """Check textback.toml, practice files and the database; every mistake is told at once, nothing is changed.

    \b
    Example: textback check --practice practice.toml
    """
    config, practices, mistakes = _read(files)
    if config is None or mistakes:
        raise Misconfigured("\n".join(mistakes))
    click.echo(f"{config_path()}: right")
    for file, practice in practices.items():
        click.echo(f"{file}: right")
        for warning in (*practice.warnings(), *lacks(practice.notify, config.ways)):
            click.echo(f"{file}: warning: {warning}")
    for remark in _remarks(config):
        click.echo(remark)
    _check_database(config, practices)


def _read(files: Sequence[Path]) -> tuple[Config | None, dict[Path, Practice], list[str]]:
    """All that can be read, and every mistake in the rest."""
    config, mistakes = None, []
    practices: dict[Path, Practice] = {}
    try:
        config = load_told(config_path())
    except ConfigError as wrong:
        mistakes.append(str(wrong))
    for file in files:
        try:
            practice = load_practice_file(file)
            beside = [*conflicts(practice, practices.values())]
            beside += refused(practice.notify.webhook, config.ways) if config else []
            mistakes += [f"{file}: {mistake}" for mistake in beside]
            practices[file] = practice
        except ConfigError as wrong:
            mistakes.append(str(wrong))
    return config, practices, mistakes


def _remarks(config: Config) -> Iterator[str]:
    if not config.pbx:
        yield "warning: there is no [[pbx]]: no calls will be seen"
    for pbx in config.pbx:
        if pbx.kind == "asterisk":
            yield f"{pbx.name}: {WITHHELD}"
    if config.sms.provider == "console":
        yield 'hint: sms.provider is "console": texts are printed, not sent'


def _check_database(config: Config, practices: dict[Path, Practice]) -> None:
    """Say where the database stands; raises ``StoreError`` or ``Misconfigured`` if it cannot be used as it is."""
    with opened(config.database.url, looking=True) as engine:
        path = file_of(engine)
        if path is None and engine.dialect.name == "sqlite":
            click.echo("database: in memory, so nothing is kept")
        elif path is not None and not path.exists():
            if not path.parent.is_dir():
                raise StoreError(f"{path}: there is no folder {path.parent}: make it, or name another file")
            click.echo(f"database: {path} will be created by `textback db upgrade`")
        else:
            require_head(engine)
            click.echo("database: right")
            if path is not None and not all(os.access(place, os.W_OK) for place in (path, path.parent)):
                click.echo(f"database: warning: whoever runs this may not write {path}; the daemon must be able to")
            with reading(engine) as connection:
                _check_stored(config, PracticeBook()(connection).practices, practices)


def _check_stored(config: Config, stored: Sequence[Practice], practices: dict[Path, Practice]) -> None:
    mistakes = [f"{file}: {mistake}" for file, one in practices.items() for mistake in conflicts(one, stored)]
    if mistakes:
        raise Misconfigured("\n".join(mistakes))
    if not stored:
        click.echo("hint: there is no practice yet: `textback practice apply FILE` loads one")
    for one in stored:
        for warning in (*one.warnings(), *lacks(one.notify, config.ways)):
            click.echo(f"practice {one_line(one.name)}: warning: {warning}")
