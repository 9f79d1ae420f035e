"""The options of the commands about users."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from textback.cli.filters import one_of
from textback.model import Role
from textback.staff_names import Unfit, fit_full_name, normal

Command = TypeVar("Command", bound=Callable[..., Any])


def fitting(check: Callable[[str], str]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """A click callback that gives what ``check`` makes of a value, or tells why it cannot be taken."""
    def callback(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
        try:
            return None if value is None else check(value)
        except Unfit as unfit:
            raise click.BadParameter(f"{value!r}: {unfit}.") from None

    return callback


def password_options(command: Command) -> Command:
    """``--password-file`` and ``--generate``; without them the password is asked for."""
    file = click.option(
        "--password-file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE",
        help="Read the password from the first line of this file; - is standard input.",
    )  # fmt: skip
    generate = click.option("--generate", is_flag=True, help="Make one up, and show it this once.")
    return file(generate(command))


role_option = click.option("--role", type=one_of(Role), help="What they may do.")
full_name_option = click.option("--full-name", metavar="TEXT", callback=fitting(fit_full_name), help="For colleagues.")
practices_option = click.option(
    "--practice", "wanted", metavar="NAME", multiple=True,
    help="Whose calls they see; may be given several times.",
)  # fmt: skip
name_argument = click.argument("name", callback=lambda ctx, parameter, value: normal(value))
