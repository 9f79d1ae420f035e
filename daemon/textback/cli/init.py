"""``textback init``: asks what cannot be known, writes both files, and says what to do next."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from textback import numbers
from textback.cli import starter
from textback.cli.doctor import look_at
from textback.cli.faults import Refused
from textback.cli.interview import Interview
from textback.cli.looking import found_at
from textback.cli.settings import config_option
from textback.cli.system import DATA, System
from textback.config import load, load_practice_file
from textback.doctor.visit import Visit


def _zone(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return value and ZoneInfo(value).key
    except (KeyError, ValueError, OSError):
        raise click.BadParameter(f'{value!r} is no time zone such as "America/New_York".') from None


def _region(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value and not numbers.is_region(value):
        raise click.BadParameter(f'{value!r} is no country such as "US".')
    return value


def _here() -> str:
    """The time zone of this computer, as far as it says so."""
    with suppress(OSError, KeyError, ValueError):
        return ZoneInfo(str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]).key
    return "UTC"


@click.command(short_help="Write textback.toml and practice.toml to start from.")
@config_option
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), help="Where to write; else here.")
@click.option("--system", is_flag=True, help="Write to /etc/textback, with what systemd needs to run it as a service.")
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), help="With --system: a folder in place of /.")
@click.option("--practice-name", help="The organisation that calls are for.")
@click.option("--number", help="The number that texts are sent from.")
@click.option("--region", callback=_region, help="The country of the practice, such as US.")
@click.option("--timezone", callback=_zone, help="The time zone of the practice, such as America/New_York.")
@click.option("--queue", "queues", multiple=True, help="A queue of the practice; may be given several times.")
@click.option("--did", "dids", multiple=True, help="A dialled number of the practice; may be given several times.")
@click.option("--test-number", "test_numbers", multiple=True, help="A mobile of yours that may get texts in test mode.")
@click.option("--pbx-name", help="What to call the PBX.")
@click.option("--pbx-host", help="Where the Asterisk is.")
@click.option("--pbx-port", type=click.IntRange(1, 65535), help="Its AMI port.")
@click.option("--pbx-user", help="The user in manager.conf.")
@click.option("--pbx-secret-file", type=click.Path(path_type=Path), help="Where that user's secret is, or will be.")
@click.option("--trunk", "trunks", multiple=True, help="Channels whose far end is outside, such as PJSIP/trunk-*.")
@click.option("--context", "contexts", multiple=True, help="A dialplan context where callers arrive; none: any.")
@click.option("--non-interactive", is_flag=True, help="Ask nothing: take the options, and defaults for the rest.")
@click.option("--force", is_flag=True, help="Overwrite both files if they exist; never a secret.")
@click.option("--no-doctor", is_flag=True, help="Do not offer to look whether everything is in place.")
def init(
    directory: Path | None, system: bool, root: Path | None, non_interactive: bool, force: bool, no_doctor: bool,
    **given: Any,
) -> None:  # fmt: skip
    """Write textback.toml and practice.toml to start from, and say what to do next.

    Where the manager user is let in already, the PBX is asked for its trunks, queues and dialled numbers.

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
        raise Refused(f"{' and '.join(taken)} exist already: say --force to overwrite, or another --directory")
    own = directory / ("secrets/ami" if server else "ami-secret")
    secret = (given["pbx_secret_file"] or own).absolute()
    answers = _answers(given | {"pbx_secret_file": secret}, Interview(not non_interactive))
    # by its name beside textback.toml, that of a server is found as a credential, too
    named = "secrets/ami" if server and secret == own.absolute() else str(secret)
    answers |= {"database": DATA if server else directory.absolute() / "textback.db", "pbx_secret_file": named}
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
    if not (non_interactive or no_doctor or server) and _is_watched():
        _offer_doctor(config, practice)


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
    return server


def _is_watched() -> bool:
    return sys.stdin.isatty()


def _offer_doctor(config: Path, practice: Path) -> None:
    """Look whether everything is in place, as often as it is wanted: what is missing can be mended in between."""
    while click.confirm("Shall I look now whether everything is in place (textback doctor)", default=True):
        if not look_at(load(config), Visit(), [load_practice_file(practice)]).failed:
            return


def _answers(given: dict[str, Any], interview: Interview) -> dict[str, Any]:
    def ask(name: str, question: str, default: Any = None, read: Callable[[str], Any] = str.strip) -> None:
        answers[name] = interview.ask(given[name], question, f"--{name.replace('_', '-')}", default, read)

    answers = dict(given)
    ask("practice_name", "What is the practice called")
    ask("region", "In which country is it", "US", lambda text: str(_region_of(text)))
    ask("timezone", "In which time zone", _here(), lambda text: str(_zone_of(text)))
    ask("number", "From which number shall texts be sent", None, lambda text: _number(text, answers["region"]))
    ask("test_numbers", "Your own mobile, for tests (empty: none)", "", _several)
    answers["test_numbers"] = [_number(text, answers["region"]) for text in answers["test_numbers"]]
    ask("pbx_host", "Where is the Asterisk", "127.0.0.1")
    ask("pbx_port", "On which port is its AMI", 5038, int)
    ask("pbx_user", "Which manager user shall textback be", "textback")
    found = found_at(answers)
    trunks, contexts = found.trunks or ("PJSIP/trunk-*",), found.contexts
    ask("trunks", "Which channels come from outside (with commas)", ", ".join(trunks), _several)
    arrive = "In which dialplan contexts do callers arrive (with commas, empty: any)"
    ask("contexts", arrive, ", ".join(contexts), _several)
    ask("queues", "Which queues does it have (with commas, empty: all)", ", ".join(found.queues), _several)
    ask("dids", "Which dialled numbers are its own (with commas, empty: all)", ", ".join(found.dids), _several)
    answers["dids"] = [_number(text, answers["region"]) for text in answers["dids"]]
    return answers | {"pbx_name": given["pbx_name"] or "main"}


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(text: str, region: str) -> str:
    e164 = numbers.read(text, region).e164
    if e164 is None:
        raise click.BadParameter('expected a telephone number such as "+12025550100".')
    return e164


def _region_of(text: str) -> str | None:
    return _region(click.get_current_context(), click.Option(["--region"]), text.strip().upper())


def _zone_of(text: str) -> str | None:
    return _zone(click.get_current_context(), click.Option(["--timezone"]), text.strip())


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
