"""Whether the prompts that callers hear are in Asterisk's folder of sounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from textback.dialplans.keys import prompt
from textback.doctor.asterisk.etc import Etc
from textback.doctor.asterisk.wanted import Wanted
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped

_DATA = "/var/lib/asterisk"
_TOLD = ("confirmed", "goodbye", "stay", "cannot-text", "landline", "withheld")


def sounds_of(etc: Etc | None) -> Path:
    """Where the sounds are, as asterisk.conf says it."""
    conf = etc.get("asterisk.conf") if etc else None
    return Path((conf.value("directories", "astdatadir") if conf else None) or _DATA) / "sounds"


def examine_prompts(wanted: Wanted, sounds: Path) -> Iterator[Finding]:
    """Those of the offers that are made, and what is told afterwards, in the PBX's own language."""
    check = f"{wanted.pbx.name}/prompts"
    if not wanted.is_offering:
        return
    if not sounds.is_dir():
        yield skipped(check, f"{sounds} is not here, so the prompts were not looked for: --sounds FOLDER")
        return
    spoken = {prompt(rules.key) for rules in wanted.wishes.in_force if rules.offer != "none"}
    names = sorted(spoken) + [f"textback/{name}" for name in _TOLD]
    language = wanted.pbx.language
    missing = [name for name in names if not _is_there(sounds, language, name)]
    if not missing:
        yield ok(check, f"the prompts are in {sounds}")
        return
    own = [name for name in missing if name in spoken and name != "textback/offer"]
    if shipped := [name for name in missing if name not in own]:
        says = f"{sounds} has no {', '.join(shipped)}: callers would hear nothing"
        yield failed(check, says, (f"textback dialplan show --prompts {sounds}",), SHELL)
    for name in own:
        yield failed(check, f"{sounds} has no {name}: record it, once for each language, as it names the key")


def _is_there(sounds: Path, language: str, name: str) -> bool:
    """In the language, in what it falls back to, or without one, in any format."""
    places = (sounds / language, sounds / language.partition("_")[0].partition("-")[0], sounds / "en", sounds)
    return any(any(folder.glob(f"{name}.*")) for folder in places)
