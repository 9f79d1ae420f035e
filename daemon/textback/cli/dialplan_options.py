"""Options of the commands that look at dialplans: which practices, whose files, from where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

import click

from textback.config import ConfigError, load_practice_file
from textback.practice import Practice
from textback.practice.conflicts import conflicts

Command = TypeVar("Command", bound=Callable[..., Any])


def _address(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return value and str(ip_address(value))
    except ValueError:
        raise click.BadParameter(f"{value!r} is no IP address.") from None


def address_option(command: Command) -> Command:
    """``--address``."""
    words = "Where the PBX sees this computer, if it is another."
    return click.option("--address", metavar="IP", callback=_address, help=words)(command)


def practice_option(command: Command) -> Command:
    """``--practice``, for ``practices_in``."""
    words = "For this practice file, rather than for the practices in the database; may be given several times."
    kind = click.Path(path_type=Path)
    return click.option("--practice", "practice_files", type=kind, multiple=True, metavar="FILE", help=words)(command)


def etc_option(command: Command) -> Command:
    """``--asterisk-etc``, which for a FreeSWITCH is called ``--freeswitch-etc``."""
    words = (
        "The PBX's folder of configuration, or a copy of it; else /etc/asterisk or /etc/freeswitch, where the PBX is"
        " this computer."
    )
    kind = click.Path(path_type=Path, file_okay=False, exists=True)
    return click.option("--asterisk-etc", "--freeswitch-etc", "etc", type=kind, help=words)(command)


def practices_in(files: Sequence[Path]) -> tuple[Practice, ...] | None:
    """Those in the files; None without files. Raises ``ConfigError``."""
    practices: list[Practice] = []
    for file in files:
        practice = load_practice_file(file)
        if clashes := list(conflicts(practice, practices)):
            raise ConfigError(file, clashes)
        practices.append(practice)
    return tuple(practices) if files else None
