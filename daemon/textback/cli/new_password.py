"""A new password: asked for twice, made up and shown once, or read from a file; never an argument, which others see."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from textback.cli.faults import Refused
from textback.passwords import fit_password, generated
from textback.staff_names import Unfit

#: Bytes that are read of a file; what is as long is refused, but told why.
MOST_READ = 65_536


def new_password(name: str, file: Path | None, generate: bool) -> str:
    """The password for ``name``; raises ``Refused`` if it cannot be taken, UsageError if two ways are asked for."""
    if generate and file is not None:
        raise click.UsageError("--generate makes a password up, and --password-file reads one: say one of them.")
    if generate:
        made = generated()
        click.echo(f"password: {made}")
        click.echo("Keep it now: it is shown only this once.", err=True)
        return made
    try:
        return fit_password(_given(file), name)
    except Unfit as unfit:
        raise Refused(f"{unfit}; nothing was changed") from None


def _given(file: Path | None) -> str:
    if file is not None and str(file) != "-":
        try:
            with open(file, "rb") as opened:
                return _line(opened.read(MOST_READ))
        except OSError as error:
            raise Refused(f"{file}: {(error.strerror or type(error).__name__).lower()}") from None
    if file is None and is_a_person_there():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
        return password
    return _line(sys.stdin.buffer.readline(MOST_READ))


def is_a_person_there() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _line(read: bytes) -> str:
    """The first line; a file that an editor made has a mark before it or a line's end behind it."""
    try:
        return read.decode("utf-8-sig").split("\n")[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise Refused("the password is not in UTF-8; nothing was changed") from None
