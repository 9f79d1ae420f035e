"""A house to look at: a folder of Asterisk's configuration, textback.toml, and the practices that matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textback.config import Config, load
from textback.doctor.asterisk.etc import Etc, read_etc
from textback.doctor.asterisk.wanted import Wanted, dialplan_files, wanted
from textback.doctor.finding import Finding, Status
from textback.practice import Practice

from ..practices import practice

TOML = """
[database]
url = "sqlite:///{folder}/textback.db"
[[pbx]]
name = "main"
kind = "asterisk"
host = "127.0.0.1"
port = {port}
username = "tb"
secret = "hush-hush"
trunks = ["PJSIP/trunk-*"]
inbound_contexts = ["from-trunk"]
[agi]
listen = "127.0.0.1:4573"
"""
MANAGER = """
[general]
enabled = yes
port = 5038
channelvars = CALLERID(pres)

[tb]
secret = hush-hush
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = system,call,agent,dtmf,dialplan
write = call,agent,reporting
eventfilter = ^Event: ([^NV]|New[^e])
eventfilter = ^Event: VarSet.*Variable: (QUEUESTATUS|DIALSTATUS|VMSTATUS)
eventfilter = ^Event: Newexten.*Application: (Queue|VoiceMail)
"""
QUEUES = """
[general]
[support]
context = textback-keys
periodic-announce = textback/offer
periodic-announce-frequency = 30
announce-to-first-user = yes
"""
EXTENSIONS = """
[general]
[from-trunk]
exten => 12025550110,1,Answer()
 same => n,Gosub(textback-queue,s,1(support,t,,,300))
 same => n,Hangup()

#include "extensions-textback.conf"
"""


@dataclass
class House:
    """``etc`` is read anew each time: a test changes files first."""

    folder: Path
    practices: tuple[Practice, ...] = ()
    address: str | None = None

    @property
    def config(self) -> Config:
        return load(self.folder / "textback.toml")

    @property
    def etc(self) -> Etc:
        return read_etc(self.folder / "etc")

    @property
    def wanted(self) -> Wanted:
        config = self.config
        return wanted(config, config.pbx[0], self.practices, self.address)

    def write(self, name: str, text: str) -> None:
        """A file of Asterisk's."""
        (self.folder / "etc" / name).write_text(text)

    def change(self, name: str, old: str, new: str) -> None:
        """Change what stands there once."""
        path = self.folder / name if name.endswith(".toml") else self.folder / "etc" / name
        text = path.read_text()
        assert text.count(old) == 1, (name, old)
        path.write_text(text.replace(old, new))


def house(folder: Path, port: int = 5038, **changes: Any) -> House:
    """One in which everything is in place; ``changes`` of the practice as in tests/practices.py."""
    (folder / "etc").mkdir()
    (folder / "textback.toml").write_text(TOML.format(folder=folder, port=port))
    queue = {"line": [{"name": "Desk", "number": "+12025550100", "queues": ["support"]}]}
    built = House(folder, (practice(**(queue | changes)),))
    for name, text in {"manager.conf": MANAGER, "queues.conf": QUEUES, "extensions.conf": EXTENSIONS}.items():
        built.write(name, text)
    built.write("extensions-textback.conf", dialplan_files()["extensions-textback.conf"])
    return built


def failures(findings: Iterable[Finding]) -> list[Finding]:
    """Those that failed."""
    return [finding for finding in findings if finding.status is Status.FAILED]


def statuses(findings: Iterable[Finding]) -> Mapping[str, str]:
    """The worst status of each check."""
    order = [Status.OK, Status.SKIPPED, Status.WARNING, Status.FAILED]
    worst: dict[str, Status] = {}
    for finding in findings:
        before = worst.get(finding.check, Status.OK)
        worst[finding.check] = max(before, finding.status, key=order.index)
    return {check: str(status) for check, status in worst.items()}
