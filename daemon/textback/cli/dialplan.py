"""``textback dialplan``: what the PBX itself has to do, in files for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files as resources
from pathlib import Path

import click

from textback import shipped
from textback.book import PracticeBook
from textback.cli.database import stored
from textback.cli.dialplan_files import copy_prompts, put
from textback.cli.dialplan_options import address_option, etc_option, practice_option, practices_in
from textback.cli.faults import Misconfigured, Refused
from textback.cli.findings import Told
from textback.cli.output import one_line
from textback.cli.settings import config_option, configuration
from textback.config import Config, Pbx
from textback.dialplans import (
    AGI,
    ESL,
    FILES,
    FREESWITCH_FILES,
    DialplanError,
    Rendered,
    reach,
    render,
    render_freeswitch,
)
from textback.doctor import asterisk, examine_files, freeswitch
from textback.practice import Practice

RULE = {"asterisk": "; {:=<116}", "freeswitch": "<!-- {:=<109} -->"}
ETC = {"asterisk": asterisk.ETC, "freeswitch": freeswitch.ETC}
BY_KIND = {"asterisk": FILES, "freeswitch": FREESWITCH_FILES}


@click.group(short_help="What the PBX has to do: key, offer, user.")
@config_option
def dialplan() -> None:
    """What the PBX itself has to do: the key, the offer, the daemon's user.

    \b
    Example: textback dialplan show
    """


@dialplan.command(short_help="Print the files for Asterisk or FreeSWITCH.")
@config_option
@click.option("--pbx", "name", metavar="NAME", help="Only for this [[pbx]].")
@practice_option
@address_option
@click.option(
    "--file", type=click.Choice([*FILES, *FREESWITCH_FILES]), metavar="NAME", help="This file alone, to be redirected."
)
@click.option("--output", "-o", type=click.Path(path_type=Path, file_okay=False), help="A folder to write them to.")
@click.option("--force", is_flag=True, help="Overwrite files that somebody has changed.")
@click.option(
    "--prompts", is_flag=False, flag_value="", metavar="[FOLDER]",
    help="Say where the prompts are; or copy them to the PBX's folder of sounds.",
)  # fmt: skip
def show(
    name: str | None, practice_files: Sequence[Path], address: str | None, file: str | None, output: Path | None,
    force: bool, prompts: str | None,
) -> None:  # fmt: skip
    """Print the files for a PBX as this configuration and these practices want them.

    Each says at its top where it goes: on Asterisk or FreePBX, on FreeSWITCH or FusionPBX. The secret in
    manager-textback.conf or event_socket.xml is yours to fill in; --output leaves it in place, and refuses to overwrite
    a file that was changed otherwise.

    \b
    Example: textback dialplan show
             textback dialplan show --output /etc/asterisk --prompts /var/lib/asterisk/sounds
             textback dialplan show --output /etc/freeswitch --prompts /usr/share/freeswitch/sounds
             textback dialplan show --pbx main --file queues-textback.conf > queues-textback.conf
    """
    if file and output:
        raise click.UsageError("say either --file or --output.")
    if prompts is not None:
        _bring_prompts(prompts, force)
        if not (file or output):
            return
    config = configuration()
    wanted = _wanted(config, name, file, only_one=bool(file or output))
    practices = _practices(practice_files)
    for pbx in wanted:
        rendered = _rendered(config, pbx, practices, address)
        for remark in rendered.remarks:
            click.echo(f"{pbx.name}: {one_line(remark)}", err=True)
        if output:
            put(output, rendered.files, pbx.name, force)
        else:
            _print(rendered, pbx, file)


@dialplan.command(short_help="Look whether the PBX's files are as they must be.")
@config_option
@click.option("--pbx", "name", metavar="NAME", help="Only for this [[pbx]].")
@practice_option
@etc_option
@address_option
@click.option("--asterisk", "version", type=click.IntRange(1), metavar="22", help="Which Asterisk it is, if it is one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def check(
    name: str | None, practice_files: Sequence[Path], etc: Path | None, address: str | None, version: int | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Look whether the PBX's files do what this configuration and these practices want.

    What is wrong comes with the exact lines to add. Exit status 1 if anything fails. `textback doctor` asks the
    PBX, too.

    \b
    Example: textback dialplan check --asterisk 22
             textback dialplan check --asterisk-etc copy-of-etc-asterisk --practice practice.toml
             textback dialplan check --pbx clinic --freeswitch-etc copy-of-etc-freeswitch
    """
    config = configuration()
    pbx = _one(config, name)
    folder = etc or ETC[pbx.kind]
    if not folder.is_dir():
        raise Refused(f"there is no {folder}: say where the PBX's files are with --{pbx.kind}-etc")
    told = Told(as_json)
    for finding in examine_files(config, pbx, _practices(practice_files), folder, address, version):
        told.tell(finding)
    told.sum_up()
    if told.failed:
        raise click.exceptions.Exit(1)


def _one(config: Config, name: str | None) -> Pbx:
    """The one whose files are looked at."""
    return _wanted(config, name, None, only_one=True)[0]


def _bring_prompts(where: str, force: bool) -> None:
    folder = Path(str(resources(shipped.package("dialplan")))) / "prompts"
    if where:
        copy_prompts(folder, Path(where), force)
        return
    click.echo(folder)
    click.echo("copy what is in there to the PBX's folder of sounds: --prompts /var/lib/asterisk/sounds", err=True)


def _wanted(config: Config, name: str | None, file: str | None, only_one: bool) -> list[Pbx]:
    """The PBXes that are meant; of a kind that has the file, if it is one alone."""
    found = [pbx for pbx in config.pbx if name in (None, pbx.name)]
    if not found:
        there = ", ".join(pbx.name for pbx in config.pbx)
        named = f" {one_line(name)}; there is {there}" if name and there else " in textback.toml"
        raise Refused(f"there is no [[pbx]]{named}")
    having = [pbx for pbx in found if file is None or file in BY_KIND[pbx.kind]]
    if not having:
        raise Refused(f"there is no {file} for {', '.join(f'{pbx.name} ({pbx.kind})' for pbx in found)}")
    if only_one and len(having) > 1:
        raise click.UsageError(f"say --pbx: {' or '.join(pbx.name for pbx in having)}.")
    return having


def _practices(files: Sequence[Path]) -> Sequence[Practice]:
    """Those in the files; without files, those in the database."""
    if (given := practices_in(files)) is not None:
        return given
    with stored() as connection:
        return PracticeBook()(connection).practices


def _rendered(config: Config, pbx: Pbx, practices: Sequence[Practice], address: str | None) -> Rendered:
    folder = resources(shipped.package("dialplan")) / pbx.kind
    texts = {name: (folder / name).read_text("utf-8") for name in BY_KIND[pbx.kind]}
    is_only = len(config.pbx) == 1
    try:
        if pbx.kind == "freeswitch":
            way = reach(pbx.name, pbx.host, config.esl.listen if config.esl else None, address, ESL)
            return render_freeswitch(texts, pbx.name, pbx.language, way, practices, is_only)
        way = reach(pbx.name, pbx.host, config.agi.listen if config.agi else None, address, AGI)
        return render(texts, pbx.name, pbx.username or "", way, practices, is_only)
    except DialplanError as wrong:
        raise Misconfigured(str(wrong)) from wrong


def _print(rendered: Rendered, pbx: Pbx, only: str | None) -> None:
    if only:
        click.echo(rendered.files[only], nl=False)
        return
    for line in _pages(rendered, pbx):
        click.echo(line, nl=False)


def _pages(rendered: Rendered, pbx: Pbx) -> Iterator[str]:
    """All files one after the other, each under its name; for Asterisk the whole is lines of configuration still."""
    for name, text in rendered.files.items():
        yield RULE[pbx.kind].format(f"==== {name} of {pbx.name} ") + "\n"
        yield f"{text}\n"
