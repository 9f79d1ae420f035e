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
from textback.cli.system import DATA, System, hidden
from textback.config import load, load_practice_file
from textback.doctor.visit import Visit


@click.command(short_help="Write textback.toml and practice.toml to start from.")
@config_option
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), help="Where to write; else here.")
@click.option("--system", is_flag=True, help="Write to /etc/textback, with what systemd needs to run it as a service.")
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), help="With --system: a folder in place of /.")
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
def init(
    directory: Path | None, system: bool, root: Path | None, non_interactive: bool, force: bool, no_doctor: bool,
    **given: Any,
) -> None:  # fmt: skip
    """Write textback.toml and practice.toml to start from, and say what to do next.

    Where the password is one that the PBX takes already, it is asked for its trunks, queues and dialled numbers.

    \b
    Example: textback init
             textback init --non-interactive --practice-name "Riverside Clinic" --number +12025550100
             textback init --system
    """
    server = _server(system, root, directory)
    directory = server.folder if server else directory or Path()
    config, practice = directory / "textback.toml", directory / "practice.toml"
    taken = [str(path) for path in (config, practice) if path.exists()]
    if taken and not force:
        other = "move them away" if server else "name another --directory"
        raise Refused(f"{' and '.join(taken)} exist already: {other}, or say --force to overwrite")
    secrets_folder = directory / "secrets" if server else directory
    answers = answers_to(given | {"directory": secrets_folder}, Interview(not non_interactive))
    secret = Path(answers["pbx_secret_file"]).absolute()
    answers |= _server_places(directory, secret) if server else _places(directory, secret)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        written = [secret] if _keep_secret(secret) else []
        _write(config, starter.config_text(answers), load)
        _write(practice, starter.practice_text(answers), load_practice_file)
        if server:
            (directory / "secrets").mkdir(exist_ok=True)
            server.protect(directory, directory / "secrets", config, practice, *written)
            written += server.install()
    except OSError as error:
        raise Refused(f"{error.filename}: {(error.strerror or 'cannot be written').lower()}") from None
    answers["pbx_secret_file"] = server.seen(secret) if server else secret
    click.echo(starter.next_steps(answers, config, practice, [config, practice, *written], server))
    if server:
        _warn(server, secret)
    if not (non_interactive or no_doctor or server) and _is_watched():
        _offer_doctor(config, practice)


def _warn(server: System, secret: Path) -> None:
    """Tell what is written right, and will not work all the same."""
    if not secret.stat().st_mode & 0o040:
        told = "is readable to root alone. The daemon gets a copy; the commands that are run as textback cannot read it"
        click.echo(f"{server.seen(secret)} {told}, unless you `chmod 640 {server.seen(secret)}`", err=True)
    if place := hidden():
        click.echo(f"The daemon will not find {place}, its unit hides it: install textback in /opt/textback", err=True)


def _places(directory: Path, secret: Path) -> dict[str, Any]:
    database = directory.absolute() / "textback.db"
    return {"database": database, "twilio_token_file": "twilio-token", "pbx_secret_file": str(secret)}


def _server_places(directory: Path, secret: Path) -> dict[str, Any]:
    """Its secrets are named from beside textback.toml: so they are found as credentials, too."""
    is_own = secret.parent == (directory / "secrets").absolute()
    named = f"secrets/{secret.name}" if is_own else str(secret)
    return {"database": DATA, "twilio_token_file": "secrets/twilio-token", "pbx_secret_file": named}


def _server(system: bool, root: Path | None, directory: Path | None) -> System | None:
    """The server that is to run it, if there is to be one."""
    if root is not None and not system:
        raise click.UsageError("--root is for --system")
    if not system:
        return None
    if directory is not None:
        raise click.UsageError("--system writes to /etc/textback: no --directory")
    server = System((root or Path("/")).absolute())
    server.refuse_unless_root()
    server.refuse_links()
    return server


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
