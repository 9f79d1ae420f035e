"""The questions of ``textback init``, with the answers that can be guessed, and what an answer has to look like."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from textback import numbers
from textback.cli.looking import found_at
from textback.cli.output import one_line
from textback.config.kinds import DEFAULT_PORTS

KINDS = ("asterisk", "freeswitch")
#: what is asked for where the PBX does not tell
_TRUNKS = {"asterisk": "PJSIP/trunk-*", "freeswitch": "sofia/external/*"}
#: the files in which passwords are kept where none is named
SECRETS = {"asterisk": "ami-secret", "freeswitch": "esl-secret"}
_CONTEXTS = {"asterisk": "", "freeswitch": "public"}
_LINK = {"asterisk": "AMI", "freeswitch": "event socket"}


def zone(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return value and ZoneInfo(value).key
    except (KeyError, ValueError, OSError):
        raise click.BadParameter(f'{value!r} is no time zone such as "America/New_York".') from None


def region(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value and not numbers.is_region(value):
        raise click.BadParameter(f'{value!r} is no country such as "US".')
    return value


def _here() -> str:
    """The time zone of this computer, as far as it says so."""
    with suppress(OSError, KeyError, ValueError):
        return ZoneInfo(str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]).key
    return "UTC"


class Interview:
    """Asks for what was not given, if there is somebody to ask; else takes the default."""

    def __init__(self, somebody: bool) -> None:
        self._somebody = somebody

    def ask(self, given: Any, question: str, option: str, default: Any, read: Callable[[str], Any]) -> Any:
        """The answer as ``read`` understands it, which raises ``click.UsageError`` for what makes no sense."""
        if given not in (None, ()):
            return given if isinstance(given, (tuple, int, Path)) else read(given)
        if self._somebody:
            return _asked(question, option, default, read)
        if default is None:
            raise click.UsageError(f"say {option}, as nobody is asked with --non-interactive")
        return read(default)


def _asked(question: str, option: str, default: Any, read: Callable[[str], Any]) -> Any:
    try:
        return click.prompt(question, default=default, value_proc=read)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise click.UsageError(f"nobody answered: say {option}, and --non-interactive for all the rest") from None


def answers_to(given: dict[str, Any], interview: Interview) -> dict[str, Any]:
    def ask(name: str, question: str, default: Any = None, read: Callable[[str], Any] = str.strip) -> None:
        answers[name] = interview.ask(given[name], question, f"--{name.replace('_', '-')}", default, read)

    answers = dict(given)
    ask("practice_name", "What is the practice called")
    ask("region", "In which country is it", "US", lambda text: str(_region_of(text)))
    ask("timezone", "In which time zone", _here(), lambda text: str(_zone_of(text)))
    ask("number", "From which number shall texts be sent", None, lambda text: _number(text, answers["region"]))
    ask("test_numbers", "Your own mobile, for tests (empty: none)", "", _several)
    answers["test_numbers"] = [_number(text, answers["region"]) for text in answers["test_numbers"]]
    ask("pbx_kind", "Is the PBX an asterisk or a freeswitch", "asterisk", _kind)
    kind = answers["pbx_kind"]
    ask("pbx_host", "Where is it", "127.0.0.1")
    ask("pbx_port", f"On which port is its {_LINK[kind]}", DEFAULT_PORTS[kind], int)
    if kind == "asterisk":
        ask("pbx_user", "Which manager user shall textback be", "textback")
    answers["pbx_secret_file"] = given["pbx_secret_file"] or given["directory"].absolute() / SECRETS[kind]
    found = found_at(answers)
    ask("trunks", "Which channels come from outside (with commas)", ", ".join(found.trunks) or _TRUNKS[kind], _several)
    arrive = "In which dialplan contexts do callers arrive (with commas, empty: any)"
    ask("contexts", arrive, ", ".join(found.contexts) or _CONTEXTS[kind], _several)
    ask("queues", "Which queues does it have (with commas, empty: all)", ", ".join(found.queues), _several)
    ask("dids", "Which dialled numbers are its own (with commas, empty: all)", ", ".join(found.dids), _several)
    answers["dids"] = [_number(text, answers["region"]) for text in answers["dids"]]
    return answers | {"pbx_name": given["pbx_name"] or "main"}


def _kind(text: str) -> str:
    kind = text.strip().lower()
    if kind not in KINDS:
        raise click.BadParameter(f"{one_line(text)!r} is none of {' and '.join(KINDS)}.")
    return kind


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(text: str, region: str) -> str:
    e164 = numbers.read(text, region).e164
    if e164 is None:
        raise click.BadParameter('expected a telephone number such as "+12025550100".')
    return e164


def _region_of(text: str) -> str | None:
    return region(click.get_current_context(), click.Option(["--region"]), text.strip().upper())


def _zone_of(text: str) -> str | None:
    return zone(click.get_current_context(), click.Option(["--timezone"]), text.strip())
