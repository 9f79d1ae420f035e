"""How one text is shown in a terminal: as it is read, and below it what it takes."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator

import click

from textback.cli.output import one_line
from textback.practice.preview import Preview

_WIDEST = 76
_BAR = "│"


def bubble(one: Preview) -> Iterator[str]:
    """The lines of one text in one language."""
    yield from _quoted(one.language, one.text)
    yield _indented(click.style(measures(one), dim=True))
    if one.to_strangers is not None:
        yield from _quoted("", one.to_strangers)
        yield _indented(click.style("to callers whom the practice does not know", dim=True))
    for warning in one.warnings:
        first, *rest = textwrap.wrap(f"warning: {one_line(warning)}", _room())
        yield _indented(_yellow(first))
        yield from map(_indented, rest)


def remark(warning: str) -> str:
    """A warning on a line of its own."""
    return _yellow(f"warning: {one_line(warning)}")


def measures(one: Preview) -> str:
    """Its length and its price: ``88 of 255 characters, 1 segment GSM-7, costs 0.0079``."""
    length = f"{one.characters} of {one.limit} characters"
    if one.most_characters != one.characters:
        length += f" (up to {one.most_characters})"
    parts = f"{one.segments} segment{'s' if one.segments != 1 else ''}"
    if one.most_segments != one.segments:
        parts += f" (up to {one.most_segments})"
    cost = "" if one.cost is None else f", costs {one.cost:.6f}".rstrip("0").rstrip(".")
    return f"{length}, {parts} {one.encoding}{cost}"


def _quoted(label: str, text: str) -> Iterator[str]:
    for line in text.splitlines():
        for part in textwrap.wrap(one_line(line), _room()) or [""]:
            yield f"  {label:<5} {_BAR} {part}"
            label = ""


def _yellow(warning: str) -> str:
    return click.style("warning:", fg="yellow") + warning.removeprefix("warning:")


def _indented(line: str) -> str:
    return " " * 10 + line


def _room() -> int:
    return max(20, min(_WIDEST, shutil.get_terminal_size().columns - 12))
