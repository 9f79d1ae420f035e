"""``textback init``: asks what cannot be known, writes both files, and says what to do next."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from textback.cli import starter
from textback.cli.doctor import look_at
from textback.cli.faults import Refused
from textback.cli.interview import KINDS, Interview, answers_to, region, zone
from textback.cli.settings import config_option
from textback.config import load, load_practice_file
from textback.doctor.visit import Visit


@click.command(short_help="Write textback.toml and practice.toml to start from.")
@config_option
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Where to write.")
@click.option("--practice-name", help="The organisation that calls are for.")
@click.option("--number", help="The number that texts are sent from.")
@click.option("--region", callback=region, help="The country of the practice, such as US.")
@click.option("--timezone", callback=zone, help="The time zone of the practice, such as America/New_York.")
@click.option("--queue", "queues", multiple=True, help="A queue of the practice; may be given several times.")
@click.option("--did", "dids", multiple=True, help="A dialled number of the practice; may be given several times.")
@click.option("--test-number", "test_numbers", multiple=True, help="A mobile of yours that may get texts in test mode.")
@click.option("--pbx-name", help="What to call the PBX.")
@click.option("--pbx-kind", type=click.Choice(KINDS), help="What the PBX is.")
@click.option("--pbx-host", help="Where the PBX is.")
@click.option("--pbx-port", type=click.IntRange(1, 65535), help="The port of its AMI, or of its event socket.")
@click.option("--pbx-user", help="The user in manager.conf of an Asterisk.")
@click.option("--pbx-secret-file", type=click.Path(path_type=Path), help="Where its password is, or will be.")
@click.option("--trunk", "trunks", multiple=True, help="Channels from outside: PJSIP/trunk-*, sofia/external/*.")
@click.option("--context", "contexts", multiple=True, help="A dialplan context where callers arrive; none: any.")
@click.option("--non-interactive", is_flag=True, help="Ask nothing: take the options, and defaults for the rest.")
@click.option("--force", is_flag=True, help="Overwrite both files if they exist; never a secret.")
@click.option("--no-doctor", is_flag=True, help="Do not offer to look whether everything is in place.")
def init(directory: Path, non_interactive: bool, force: bool, no_doctor: bool, **given: Any) -> None:
    """Write textback.toml and practice.toml to start from, and say what to do next.

    Where the password is one that the PBX takes already, it is asked for its trunks, queues and dialled numbers.

    \b
    Example: textback init
             textback init --non-interactive --practice-name "Riverside Clinic" --number +12025550100
    """
    config, practice = directory / "textback.toml", directory / "practice.toml"
    taken = [str(path) for path in (config, practice) if path.exists()]
    if taken and not force:
        raise Refused(f"{' and '.join(taken)} exist already: say --force to overwrite, or another --directory")
    answers = answers_to(given | {"directory": directory}, Interview(not non_interactive))
    secret = Path(answers["pbx_secret_file"]).absolute()
    answers |= {"database": directory.absolute() / "textback.db", "pbx_secret_file": str(secret)}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        written = [secret] if _keep_secret(secret) else []
        _write(config, starter.config_text(answers), load)
        _write(practice, starter.practice_text(answers), load_practice_file)
    except OSError as error:
        raise Refused(f"{error.filename}: {(error.strerror or 'cannot be written').lower()}") from None
    click.echo(starter.next_steps(answers, config, practice, [config, practice, *written]))
    if not (non_interactive or no_doctor) and _is_watched():
        _offer_doctor(config, practice)


def _is_watched() -> bool:
    return sys.stdin.isatty()


def _offer_doctor(config: Path, practice: Path) -> None:
    """Look whether everything is in place, as often as it is wanted: what is missing can be mended in between."""
    while click.confirm("Shall I look now whether everything is in place (textback doctor)", default=True):
        if not look_at(load(config), Visit(), [load_practice_file(practice)]).failed:
            return


def _keep_secret(path: Path) -> bool:
    """Make up a secret, readable by its owner only; one that is there already stays. True if it was made."""
    with suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
        return True
    return False


def _write(path: Path, text: str, check: Callable[[Path], object]) -> None:
    """Put ``text`` in place once it has passed its check."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(text, "utf-8")
        check(new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
