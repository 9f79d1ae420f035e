"""Faults that are to be expected: one line each on stderr, what to do next, and the exit status."""

from __future__ import annotations

from typing import IO, Any

import click
from sqlalchemy.exc import SQLAlchemyError

from textback.config import ConfigError
from textback.practice import PracticeError
from textback.shipped import Incomplete
from textback.store.engine import StoreError
from textback.store.faults import describe

FAILED = 1
CONFIGURATION = 78  # EX_CONFIG of sysexits.h


class Refused(click.ClickException):
    """Ends the command with its message, one line per mistake."""

    exit_code = FAILED

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file, err=file is None)


class Misconfigured(Refused):
    """The same, where the configuration is at fault."""

    exit_code = CONFIGURATION


class Commands(click.Group):
    """The whole command line; what its commands run into is told the same way everywhere."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ConfigError, PracticeError) as wrong:
            raise Misconfigured(str(wrong)) from wrong
        except (StoreError, Incomplete) as error:
            raise Refused(str(error)) from error
        except SQLAlchemyError as error:
            raise Refused(f"the database failed: {describe(error)}; see `textback db status`") from error
