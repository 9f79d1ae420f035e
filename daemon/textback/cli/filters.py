"""The options that all lists share: how many, since when, of which practice, and as what."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Any, TypeVar

import click

from textback.clock import system_clock
from textback.fields import read_duration

Command = TypeVar("Command", bound=Callable[..., Any])


def _since(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Epoch seconds of an ISO 8601 time (of this computer's zone, if it names none), or so long before now."""
    if value is None:
        return None
    with suppress(ValueError):  # then it is no duration but a time
        return system_clock() - read_duration(value)
    try:
        return datetime.fromisoformat(value.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(f'{value!r} is neither a time such as "2026-11-21T20:00" nor "2h" or "1d".') from None


def one_of(words: type[StrEnum]) -> click.Choice[str]:
    """One of the values, as they stand in the JSON output."""
    return click.Choice([word.value for word in words])


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
practice_option = click.option("--practice", metavar="NAME", help="Only of this practice.")
since_option = click.option(
    "--since", metavar="TIME", callback=_since, help='Only since then: an ISO time, or "2h", "1d" ago.'
)
limit_option = click.option(
    "--limit", type=click.IntRange(min=0), default=100, show_default=True, help="The newest N; 0 for all."
)


def list_options(command: Command) -> Command:
    """``--json``, ``--limit``, ``--since`` and ``--practice``."""
    options = (json_option, limit_option, since_option, practice_option)
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)
