"""``--config``, before or after any command, and the configuration that it leads to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from textback.config import Config, find, load

Command = TypeVar("Command", bound=Callable[..., Any])

_KEY = "textback.config"


def config_option(command: Command) -> Command:
    """Add ``--config``; where it is given more than once, the one nearest to the command's end holds."""
    return click.option(
        "--config",
        "-c",
        metavar="FILE",
        expose_value=False,
        callback=_remember,
        help="The textback.toml to use; else $TEXTBACK_CONFIG, ./textback.toml, /etc/textback/textback.toml.",
    )(command)


def _remember(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[_KEY] = value


def config_path() -> Path:
    """Which textback.toml is meant; raises ``ConfigError`` if there is none."""
    return find(click.get_current_context().meta.get(_KEY))


def configuration() -> Config:
    """What stands in it; raises ``ConfigError`` with every mistake."""
    return load(config_path())
