"""What the doctor found, for people and for programs."""

from __future__ import annotations

from collections import Counter

import click

from textback.cli.output import json_line, one_line
from textback.doctor.finding import SHELL, Finding, Status

_MARKS = {Status.OK: "ok", Status.WARNING: "warning", Status.FAILED: "FAILED", Status.SKIPPED: "skipped"}
_COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "red", Status.SKIPPED: None}


class Told:
    """Prints findings one by one, and counts them."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._counts: Counter[Status] = Counter()

    @property
    def failed(self) -> int:
        """How many failed."""
        return self._counts[Status.FAILED]

    def tell(self, finding: Finding) -> None:
        """One finding: a line, and below it the lines that mend it."""
        self._counts[finding.status] += 1
        if self._as_json:
            json_line(finding.as_row())
            return
        mark = click.style(f"{_MARKS[finding.status]:8}", fg=_COLOURS[finding.status])
        click.echo(f"{mark} {finding.check}: {one_line(finding.message)}")
        if finding.lines:
            for line in _advice(finding):
                click.echo(f"         {one_line(line)}")

    def sum_up(self) -> None:
        """The counts, for people."""
        if not self._as_json:
            parts = [f"{self._counts[status]} {_MARKS[status].lower()}" for status in Status if self._counts[status]]
            click.echo(", ".join(parts))


def _advice(finding: Finding) -> list[str]:
    """Where the lines go, and the lines."""
    lines = [f"    {line}" for line in finding.lines]
    if finding.file == SHELL:
        return ["run:", *lines]
    if finding.replaces:
        before = [f"    {line}" for line in finding.replaces]
        return [f"in {finding.file}, instead of", *before, "have", *lines]
    is_asterisks = finding.file is not None and finding.file.endswith(".conf")
    return [f"add at the end of {finding.file}:" if is_asterisks else f"in {finding.file}:", *lines]
