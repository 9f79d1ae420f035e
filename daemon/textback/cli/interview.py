"""Asking, or not asking, the person who runs a command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


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
