"""A look at the PBX while ``init`` asks, so that its questions come with answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from textback import numbers
from textback.cli.output import one_line
from textback.doctor.asterisk import ETC
from textback.doctor.asterisk.suggest import suggest as suggest_of_asterisk
from textback.doctor.freeswitch.suggest import suggest as suggest_of_freeswitch
from textback.doctor.suggestions import Suggestions
from textback.pbx.ami import AmiSettings
from textback.pbx.errors import LinkError
from textback.pbx.esl import EslSettings

#: names that are suggested; who has more wants to choose
MOST = 20


def found_at(answers: Mapping[str, Any]) -> Suggestions:
    """What the PBX of these answers has; nothing where the user cannot be let in, which is said."""
    secret = _secret(answers["pbx_secret_file"])
    if secret is None:  # it is made up only at the end, so no PBX can know it
        return Suggestions()
    try:
        found = asyncio.run(_suggestions(answers, secret))
    except LinkError as error:
        click.echo(f"the PBX was not looked at: {one_line(str(error))}", err=True)
        return Suggestions()
    click.echo(f"found on the PBX: {_counted(found)}", err=True)
    return _manageable(found, answers["region"])


async def _suggestions(answers: Mapping[str, Any], secret: str) -> Suggestions:
    host, port = answers["pbx_host"], answers["pbx_port"]
    if answers["pbx_kind"] == "freeswitch":
        return await suggest_of_freeswitch(EslSettings("", host, port, secret, ()))
    near = host in ("localhost", "127.0.0.1", "::1") and ETC.is_dir()
    settings = AmiSettings("", host, port, secret, (), username=answers["pbx_user"])
    return await suggest_of_asterisk(settings, ETC if near else None)


def _secret(path: Path) -> str | None:
    try:
        return path.read_text("utf-8").strip() or None
    except (OSError, ValueError):
        return None


def _manageable(found: Suggestions, region: str) -> Suggestions:
    """What can be an answer: names that a file can hold, numbers that are some, and no more than a person reads."""
    dids = tuple(did for did in found.dids if numbers.read(did, region).e164)
    few = {
        name: values if len(values) <= MOST and not any("," in value for value in values) else ()
        for name, values in (("trunks", found.trunks), ("queues", found.queues), ("dids", dids))
    }
    return replace(found, **few)


def _counted(found: Suggestions) -> str:
    counts = {"trunk": found.trunks, "queue": found.queues, "dialled number": found.dids}
    return ", ".join(f"{len(names)} {word}{'' if len(names) == 1 else 's'}" for word, names in counts.items())
