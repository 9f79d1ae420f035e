"""Puts rendered files and prompts in place, and overwrites nobody's work."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import click

from textback.cli.faults import Refused
from textback.dialplans.marks import made_for, with_secret_of


def put(folder: Path, files: Mapping[str, str], pbx: str, force: bool) -> None:
    """Write the files for one PBX; owners, rights and secrets of those that exist stay as they are.

    Raises ``Refused``, before anything is written, if one of them was changed since or is for another PBX.
    """
    try:
        before = {name: _read(folder / name) for name in files}
        taken = [str(folder / name) for name, text in before.items() if text is not None and made_for(text) != pbx]
        if taken and not force:
            raise Refused(_refusal(taken, pbx))
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            _write(folder / name, before[name], text)
    except OSError as error:
        raise Refused(f"{error.filename or folder}: {(error.strerror or 'cannot be written').lower()}") from None


def copy_prompts(source: Path, folder: Path, force: bool) -> None:
    """Copy the sound files, by language; those that are there and differ are somebody's own recordings, and stay."""
    copied, own = 0, []
    try:
        for file in sorted(source.glob("*/textback/*.wav")):
            target = folder / file.relative_to(source)
            is_there = target.exists()
            if is_there and not force and target.read_bytes() != file.read_bytes():
                own.append(target)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            copied += 1
    except OSError as error:
        raise Refused(f"{error.filename or folder}: {(error.strerror or 'cannot be written').lower()}") from None
    click.echo(f"{folder}: {copied} prompts")
    for target in own:
        click.echo(f"{target}: another recording, left as it is (--force overwrites it)", err=True)


def _refusal(taken: list[str], pbx: str) -> str:
    what = "was" if len(taken) == 1 else "were"
    return (
        f"{', '.join(taken)} {what} changed, or made for another PBX than {pbx}: put your changes into the"
        " configuration, write to another --output, or say --force to overwrite"
    )


def _read(path: Path) -> str | None:
    """None if there is no such file; bytes that are no text are none of ours either."""
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return None


def _write(path: Path, before: str | None, text: str) -> None:
    """Written in place, as the PBX's own user may have to be able to read it."""
    text = with_secret_of(before, text) if before is not None else text
    if text == before:
        click.echo(f"{path}: as it was")
        return
    path.write_bytes(text.encode())
    click.echo(f"{path}: written")
