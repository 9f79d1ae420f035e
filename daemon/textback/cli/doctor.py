"""``textback doctor``: everything that must be true on the PBX, at the provider and on the network, looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import click

from textback.cli.dialplan_options import address_option, etc_option, practice_option, practices_in
from textback.cli.findings import Told
from textback.cli.settings import config_option, configuration
from textback.config import Config
from textback.doctor import examine
from textback.doctor.finding import Finding
from textback.doctor.visit import Visit
from textback.practice import Practice


@click.command(short_help="Look whether everything is in place, on the PBX and at the provider.")
@config_option
@click.option("--pbx", "name", metavar="NAME", help="Look at this [[pbx]] only.")
@practice_option
@etc_option
@click.option("--sounds", type=click.Path(path_type=Path, file_okay=False), help="The PBX's folder of sounds.")
@address_option
@click.option(
    "--listen", type=click.FloatRange(0, 3600), default=0.0, metavar="SECONDS",
    help="Listen so long for events: call in from outside meanwhile.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def doctor(
    name: str | None, practice_files: Sequence[Path], etc: Path | None, sounds: Path | None, address: str | None,
    listen: float, as_json: bool,
) -> None:  # fmt: skip
    """Look whether everything is in place that textback needs: as the daemon would, and without changing anything.

    What is wrong comes with the exact lines to add, and the file that they belong to. Exit status 1 if anything
    fails. --json has the keys check, status (ok, warning, failed, skipped), message, lines and file (or "shell"), and
    replaces, where the lines take the place of others.

    \b
    Example: textback doctor
             textback doctor --asterisk-etc /etc/asterisk --listen 60
             textback doctor --pbx clinic --freeswitch-etc /etc/freeswitch
    """
    config = configuration()
    if name is not None and name not in [pbx.name for pbx in config.pbx]:
        raise click.UsageError(f"there is no [[pbx]] {name}.")
    if etc and name is None and len(config.pbx) > 1:
        raise click.UsageError(f"say --pbx: whose files are in {etc}?")
    visit = Visit(etc, sounds, listen, address, on_listening=_invite)
    told = look_at(config, visit, practices_in(practice_files), name, as_json)
    if told.failed:
        raise click.exceptions.Exit(1)


def look_at(
    config: Config, visit: Visit, practices: Sequence[Practice] | None = None, only: str | None = None,
    as_json: bool = False,
) -> Told:  # fmt: skip
    """Tell each finding as it is found, and at the end what they come to."""
    told = Told(as_json)

    async def tell(findings: AsyncIterator[Finding]) -> None:
        async for finding in findings:
            told.tell(finding)

    asyncio.run(tell(examine(config, visit, practices, only)))
    told.sum_up()
    return told


def _invite(pbx: str) -> None:
    click.echo(f"{pbx}: listening: call in from outside now, wait in a queue, press the key", err=True)
