"""Looks at everything that must be true for callers to be texted: the daemon's surroundings, one room at a time.

Nothing is changed and no text is sent. A new kind of PBX is one more entry in ``_EXAMINE``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from textback.config import Config, Pbx
from textback.doctor import asterisk, freeswitch
from textback.doctor.asterisk.wanted import wanted as wanted_of_asterisk
from textback.doctor.database import examine_database, examine_practices
from textback.doctor.finding import Finding, failed
from textback.doctor.freeswitch.wanted import wanted as wanted_of_freeswitch
from textback.doctor.listening import examine_hooks_listener, examine_pages
from textback.doctor.provider import examine_provider
from textback.doctor.public import examine_public_url
from textback.doctor.telling import examine_telling
from textback.doctor.visit import Visit
from textback.practice import Practice

Examine = Callable[[Config, Pbx, Sequence[Practice], Visit], AsyncIterator[Finding]]


def _asterisk(config: Config, pbx: Pbx, practices: Sequence[Practice], visit: Visit) -> AsyncIterator[Finding]:
    return asterisk.examine(wanted_of_asterisk(config, pbx, practices, visit.address), visit)


def _freeswitch(config: Config, pbx: Pbx, practices: Sequence[Practice], visit: Visit) -> AsyncIterator[Finding]:
    return freeswitch.examine(wanted_of_freeswitch(config, pbx, practices, visit.address), visit)


def examine_files(
    config: Config, pbx: Pbx, practices: Sequence[Practice], folder: Path, address: str | None, version: int | None
) -> Iterator[Finding]:
    """What ``textback dialplan check`` looks at: the files of one PBX, which is not asked.

    ``address``: at which IP address it sees this computer; ``version``: which Asterisk it is, None if it is not known.
    """
    if pbx.kind == "asterisk":
        return asterisk.examine_written(wanted_of_asterisk(config, pbx, practices, address), folder, version)
    return freeswitch.examine_written(wanted_of_freeswitch(config, pbx, practices, address), folder)


_EXAMINE: dict[str, Examine] = {"asterisk": _asterisk, "freeswitch": _freeswitch}


async def examine(
    config: Config, visit: Visit, given: Sequence[Practice] | None = None, only: str | None = None
) -> AsyncIterator[Finding]:
    """All findings, in the order in which they are best mended.

    ``given``: practices to look for instead of those in the database; ``only``: this PBX alone.
    """
    found, stored = examine_database(config.database.url)
    for finding in found:
        yield finding
    practices = tuple(given) if given is not None else stored
    for finding in examine_practices(practices):
        yield finding
    if not config.pbx:
        says = "textback.toml has no [[pbx]], so no call is seen: `textback init` asks for what it needs"
        yield failed("pbx", says, ("[[pbx]]", 'name = "main"'), "textback.toml")
    for pbx in config.pbx:
        if only in (None, pbx.name):
            async for finding in _EXAMINE[pbx.kind](config, pbx, practices, visit):
                yield finding
    outside = (examine_provider(config, practices), examine_public_url(config), examine_telling(config, practices))
    for findings in (examine_hooks_listener(config, practices), examine_pages(config), *outside):
        async for finding in findings:
            yield finding
