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
        mark = click.style(f"{_MARKS[finding.status]:8}", fg=_COLOURS[finding.status], bold=finding.status is Status.FAILED)
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
    if finding.file == SHELL:
        return ["run:", *(f"    {line}" for line in finding.lines)]
    if finding.replaces:
        return [
            f"in {finding.file}, instead of", *(f"    {line}" for line in finding.replaces),
            "have", *(f"    {line}" for line in finding.lines),
        ]  # fmt: skip
    where = "to" if finding.file and finding.file.endswith(".conf") else "in"
    return [f"{'add at the end ' if where == 'to' else ''}{'of' if where == 'to' else where} {finding.file or '?'}:", *(
        f"    {line}" for line in finding.lines)]  # fmt: skip
