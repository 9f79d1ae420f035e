"""Whether the prompts that callers hear are in FreeSWITCH's folder of sounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from textback.dialplans.keys import prompt
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped
from textback.doctor.freeswitch.look import Look
from textback.doctor.freeswitch.wanted import Wanted

_TOLD = ("confirmed", "goodbye", "stay", "cannot-text", "landline", "withheld")


def wanted_prompts(wanted: Wanted) -> list[str]:
    """Those of the offers that are made, and what is told afterwards, below the folder of sounds.

    In the PBX's own language: a caller who speaks another hears it where that has no prompts.
    """
    if not wanted.is_offering:
        return []
    spoken = {prompt(rules.key) for rules in wanted.wishes.in_force if rules.offer != "none"}
    names = [*sorted(spoken), *(f"textback/{name}" for name in _TOLD)]
    language = re.split("[-_]", wanted.pbx.language)[0].lower()
    return [f"{language}/{name}.wav" for name in names]


def examine_prompts(wanted: Wanted, look: Look | None, sounds: Path | None) -> Iterator[Finding]:
    """As the PBX tells; ``sounds``: its folder of sounds, looked into where it does not."""
    check, names = f"{wanted.pbx.name}/prompts", wanted_prompts(wanted)
    folder = str(sounds) if sounds else look.variables.get("sounds_dir") if look else None
    if not names:
        return
    if folder is None:
        yield skipped(check, "the folder of sounds is not known, so the prompts were not looked for: --sounds FOLDER")
        return
    missing = [name for name in names if not _is_there(look, folder, name, sounds)]
    if not missing:
        yield ok(check, f"the prompts are in {folder}")
        return
    own = [name for name in missing if "/offer-" in name]
    if shipped := [name for name in missing if name not in own]:
        says = f"{folder} has no {', '.join(shipped)}: callers would hear nothing"
        yield failed(check, says, (f"textback dialplan show --prompts {folder}",), SHELL)
    for name in own:
        yield failed(check, f"{folder} has no {name}: record it, once for each language, as it names the key")


def _is_there(look: Look | None, folder: str, name: str, sounds: Path | None) -> bool:
    if sounds is None and look:
        return look.files.get(f"{folder}/{name}", False)
    return (Path(folder) / name).exists()
