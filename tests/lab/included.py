"""Puts textback's dialplan into a lab's Asterisk, as an administrator would."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from .asterisk import Asterisk

_DIALPLAN = Path(__file__).parents[2] / "dialplan"
_HOUSE = Path(__file__).parent / "dialplan"
_MODULES = ("app_chanspy", "app_exec", "func_cut", "func_timeout", "func_uri", "func_version")
#: queues plain01, plain02 ... behind the numbers 12025556001, 12025556002 ...
PLAIN = range(1, 100)


def include_dialplan(asterisk: Asterisk, agi_port: int, second_agi_port: int) -> None:
    """To be called before it starts; there are two daemons."""
    etc = asterisk.home / "etc"
    for file in (_DIALPLAN / "asterisk").glob("*.conf"):
        shutil.copy(file, etc)
    ours = etc / "extensions-textback.conf"
    _replace(ours, r"agi://127.0.0.1:4573", f"agi://127.0.0.1:{agi_port}")
    _replace(ours, r"TEXTBACK_AGI_2=", f"TEXTBACK_AGI_2=agi://127.0.0.1:{second_agi_port}")
    # up to Asterisk 20 Queue() has an argument more before the position
    gap = "," * (4 if int(asterisk.version.split(".")[0]) > 20 else 5)
    queues = "\n".join(f"[plain{number:02}](waiting,textback-offer)" for number in PLAIN)
    for name in ("extensions.conf", "queues.conf"):
        text = (_HOUSE / name).read_text(encoding="utf-8")
        _append(etc / name, text.replace("@GAP@", gap).replace("@PLAIN@", queues))
    _append(etc / "manager.conf", '\n#include "manager-textback.conf"\n')
    _append(etc / "modules.conf", "".join(f"load = {module}.so\n" for module in _MODULES))
    _replace(etc / "manager.conf", r"(?s)\[textback\].*?\n\n", "")
    _replace(etc / "pjsip.conf", r"trust_id_inbound = yes", "trust_id_inbound = yes\ndtmf_mode = info")
    _add_prompts(asterisk)


def include_rendered(asterisk: Asterisk, files: Mapping[str, str]) -> None:
    """Includes ``NAME-textback.conf`` at the end of ``NAME.conf``, as rendered files say; before it starts."""
    etc = asterisk.home / "etc"
    for name, text in files.items():
        (etc / name).write_text(text, encoding="utf-8")
        _append(etc / name.replace("-textback", ""), f'\n#include "{name}"\n')
    _append(etc / "modules.conf", "".join(f"load = {module}.so\n" for module in _MODULES))
    _replace(etc / "pjsip.conf", r"trust_id_inbound = yes", "trust_id_inbound = yes\ndtmf_mode = info")
    _add_prompts(asterisk)


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def _replace(file: Path, pattern: str, new: str) -> None:
    text, times = re.subn(pattern, new, file.read_text(encoding="utf-8"), count=1)
    assert times == 1, f"{file.name} has no {pattern}"
    file.write_text(text, encoding="utf-8")


def _add_prompts(asterisk: Asterisk) -> None:
    """A data folder of its own with Asterisk's sounds and ours."""
    data = asterisk.home / "data"
    sounds = data / "sounds/en"
    sounds.mkdir(parents=True)
    for here, there in ((data, "/usr/share/asterisk"), (sounds, "/usr/share/asterisk/sounds/en")):
        for entry in (asterisk.root / there[1:]).iterdir():
            if entry.name != "sounds":
                (here / entry.name).symlink_to(f"{there}/{entry.name}")
    shutil.copytree(_DIALPLAN / "prompts/en/textback", sounds / "textback")
    inside = f"/{data.relative_to(asterisk.root)}"
    _replace(asterisk.home / "etc/asterisk.conf", r"astdatadir => /usr/share/asterisk", f"astdatadir => {inside}")
