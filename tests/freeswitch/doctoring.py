"""A FreeSWITCH in which everything is as textback wants it, broken in one way after the other, and mended by what the
doctor says: its lines are pasted as a person would.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from textback.cli import cli
from textback.config import load, load_practice_file
from textback.dialplans.freeswitch_headings import DIALPLAN
from textback.doctor.freeswitch.wanted import wanted

from .switch import Switch

QUEUE = "doctor@test"
CONTEXT = "doctor-test"
TOML = """\
[database]
url = "sqlite:///{folder}/textback.db"

[[pbx]]
name = "main"
kind = "freeswitch"
host = "127.0.0.1"
port = {port}
secret = "{password}"
trunks = ["sofia/{profile}/*"]
inbound_contexts = ["{arrival}", "doctor-test"]
{cdr}

[esl]
listen = "127.0.0.1:8084"
"""
PRACTICE = """\
[practice]
name = "Riverside"
timezone = "UTC"
region = "US"
language = "en"
default = true

[[line]]
name = "Desk"
number = "+12025550100"
queues = ["doctor@test"]

[call_to_text]
enabled = true
key = "5"
offer = "announce"
message = { en = "{practice}: how can we help?" }
"""
#: what an administrator does in the dialplan
DIALPLAN_OF_THE_HOUSE = """\
<include>
  <context name="doctor-test">
    <extension name="desk">
      <condition field="destination_number" expression="^\\+?12025556201$">
        <action application="answer"/>
        <action application="set" data="textback_queue=doctor@test"/>
        <action application="set" data="textback_next=afterwards XML doctor-test"/>
        <action application="transfer" data="textback-queue XML textback"/>
      </condition>
    </extension>
    <extension name="own-line">
      <condition field="destination_number" expression="^\\+?12025556202$">
        <action application="answer"/>
        <action application="set" data="textback_back=${destination_number} XML ${context}"/>
        <action application="set" data="cc_exit_keys=5"/>
        <action application="callcenter" data="doctor@test"/>
        <action application="transfer" data="textback-left XML textback"/>
      </condition>
    </extension>
    <extension name="hours">
      <condition field="destination_number" expression="^\\+?12025556203$">
        <action application="set" data="textback_hook=hours?practice=main"/>
        <action application="set" data="textback_then=afterwards XML doctor-test"/>
        <action application="execute_extension" data="textback-settings XML textback"/>
        <action application="transfer" data="textback-ask XML textback"/>
      </condition>
    </extension>
    <extension name="afterwards">
      <condition field="destination_number" expression="^afterwards$">
        <action application="hangup"/>
      </condition>
    </extension>
  </context>
</include>
"""
#: a call without a caller that has the event socket read its file again and again, when nobody else gets in to say so
ALARM = """\
    <extension name="alarm">
      <condition field="destination_number" expression="^alarm$">
        <action application="answer"/>
        <action application="sleep" data="4000"/>
        <action application="set" data="told=${reload(mod_event_socket)}"/>
        <action application="transfer" data="alarm XML doctor-test"/>
      </condition>
    </extension>
"""
HOUSE = "dialplan/doctor_test.xml"
CALLCENTER = "autoload_configs/callcenter.conf.xml"
EVENT_SOCKET = "autoload_configs/event_socket.conf.xml"
QUEUE_LINES = """
<queue name="doctor@test">
  <param name="time-base-score" value="system"/>
  <param name="announce-sound" value="$${sounds_dir}/en/textback/offer.wav"/>
  <param name="announce-frequency" value="30"/>
  <param name="strategy" value="ring-all"/>
</queue>
"""
#: tables of textback.toml that lines are added to, by the key before which they come
_KEYED = re.compile(r"\s*(\w+)\s*=")


class Ward:
    """The FreeSWITCH, its folder, and our own configuration for it."""

    def __init__(self, switch: Switch, folder: Path, conf: Path, sounds: Path) -> None:
        self.switch = switch
        self.folder = folder
        self.conf = conf
        self.sounds = sounds
        self.before: list[dict[str, Any]] = []

    # -- looking -----------------------------------------------------------------------------------------------------

    def rows(self) -> list[dict[str, Any]]:
        """What the doctor says of the PBX; who is kept out says where the files are."""
        found = self._rows()
        is_out = any(row["check"] in ("main/connect", "main/login", "main/acl") and row["lines"] for row in found)
        return self._rows("--freeswitch-etc", str(self.conf)) if is_out else found

    def _rows(self, *more: str) -> list[dict[str, Any]]:
        arguments = ["--config", str(self.folder / "textback.toml"), "doctor", "--practice", str(self.practice)]
        arguments += ["--json", *more]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code in (0, 1), result.output
        found = [json.loads(line) for line in result.stdout.splitlines()]
        return [row for row in found if row["check"].startswith("main/")]

    def complaints(self) -> list[dict[str, Any]]:
        """What is wrong, but for what was odd about this FreeSWITCH before."""
        return [row for row in self.rows() if row["status"] in ("failed", "warning") and row not in self.before]

    @property
    def practice(self) -> Path:
        return self.folder / "practice.toml"

    # -- breaking ----------------------------------------------------------------------------------------------------

    def path(self, name: str) -> Path:
        """A file of ours, or one of the PBX's."""
        return self.folder / name if name in ("textback.toml", "practice.toml") else self.conf / name

    def change(self, name: str, old: str, new: str) -> None:
        """Change what stands in a file once, and have it take effect."""
        text = self.path(name).read_text()
        assert text.count(old) == 1, (name, old, text.count(old))
        self.write(name, text.replace(old, new))

    def write(self, name: str, text: str, then: bool = True) -> None:
        """A file as a whole; ``then`` it is loaded."""
        self.path(name).write_text(text)
        if then and name.endswith(".xml"):
            self.reload()

    def reload(self) -> None:
        """What every advice about a file of the PBX ends with."""
        self.switch.api("reloadxml")
        self.switch.api(f"callcenter_config queue reload {QUEUE}")

    # -- mending -----------------------------------------------------------------------------------------------------

    def paste(self, row: dict[str, Any]) -> None:
        """Do what a finding says, to the letter."""
        assert row["lines"], f"no lines: {row['message']}"
        if row["file"] == "shell":
            for line in row["lines"]:
                self._run(line)
            return
        name, _, where = row["file"].partition(", ")
        if name == "textback.toml":
            self._paste_toml(row["lines"], where)
        elif name.startswith("the practice file"):
            self._paste_practice(row)
        elif row["replaces"] if "replaces" in row else ():
            self.write(name, _instead(self.path(name).read_text(), where, row["replaces"], row["lines"]))
        else:
            self.write(name, _added(self.path(name).read_text(), where, row["lines"]))

    def _run(self, line: str) -> None:
        words = shlex.split(line)
        if words[0] == "fs_cli":
            self.switch.api(words[2])
        elif words[0] == "rm":
            Path(words[-1]).unlink()
        else:
            assert words[0] == "textback", line
            arguments = ["--config", str(self.folder / "textback.toml"), *words[1:]]
            if "--output" in words:
                arguments += ["--practice", str(self.practice), "--force"]
            result = CliRunner().invoke(cli, arguments)
            assert result.exit_code == 0, result.output

    def _paste_toml(self, lines: list[str], table: str) -> None:
        text = self.path("textback.toml").read_text()
        for line in lines:
            found = _KEYED.match(line)
            pattern = rf"(?m)^{found[1]} *=.*$" if found else None
            if pattern and table and re.search(pattern, text):
                text = re.sub(pattern, lambda _: line, text, count=1)
            elif table:
                text = text.replace("[[pbx]]\n", f"[[pbx]]\n{line}\n", 1)
            else:
                text += f"{line}\n"
        self.write("textback.toml", text)

    def _paste_practice(self, row: dict[str, Any]) -> None:
        text = self.practice.read_text()
        if row.get("replaces"):
            self.practice.write_text(re.sub(r"(?m)^queues = .*$", row["lines"][0], text, count=1))
        else:
            self.practice.write_text(text + "\n" + "\n".join(row["lines"]) + "\n")


def _instead(text: str, where: str, replaces: list[str], lines: list[str]) -> str:
    """``line N``: what is replaced begins there."""
    (old,) = replaces
    rows = text.splitlines(keepends=True)
    head = rows[: int(where.removeprefix("line ")) - 1]
    tail = "".join(rows[len(head) :])
    assert old in tail.splitlines()[0] or "\n" in old, (where, old)
    return "".join(head) + tail.replace(old, "\n".join(lines), 1)


def _added(text: str, where: str, lines: list[str]) -> str:
    """``first in <TAG …>``, ``last in <TAG>``: where XML takes one line more."""
    place, _, tag = where.partition(" in ")
    added = "\n".join(lines)
    if place == "first":
        assert text.count(tag) == 1, tag
        return text.replace(tag, f"{tag}\n{added}")
    assert place == "last", where
    end = tag.replace("<", "</")
    head, found, tail = text.rpartition(end)
    assert found, end
    return f"{head}{added}\n{found}{tail}"


@contextmanager
def ward(switch: Switch, folder: Path) -> Iterator[Ward]:
    """With everything in place; afterwards the FreeSWITCH is as it was."""
    conf, sounds = (Path(switch.api(f"global_getvar {name}")) for name in ("conf_dir", "sounds_dir"))
    before = folder / "before"
    shutil.copytree(conf, before)
    built = Ward(switch, folder, conf, sounds)
    try:
        _furnish(built)
        yield built
    finally:
        _put_back(before, conf)
        built.reload()
        switch.api(f"callcenter_config queue unload {QUEUE}")


def _furnish(built: Ward) -> None:
    switch, folder = built.switch, built.folder
    _, port = switch.address
    status = switch.api(f"sofia xmlstatus profile {switch.profile}")
    arrival = re.search(r"<context>(.*?)</context>", status)
    assert arrival
    told = switch.api("xml_locate configuration configuration name json_cdr.conf")
    log_dir = re.search(r'name="log-dir" value="(.*?)"', told)
    values = {"folder": folder, "port": port, "password": switch.password, "profile": switch.profile}
    cdr = f'cdr = "{log_dir[1]}"' if log_dir else ""
    built.write("textback.toml", TOML.format(**values, arrival=arrival[1], cdr=cdr))
    built.write("practice.toml", PRACTICE)
    CliRunner().invoke(cli, ["--config", str(folder / "textback.toml"), "db", "upgrade"])
    config = load(folder / "textback.toml")
    rendered = wanted(config, config.pbx[0], [load_practice_file(built.practice)]).rendered
    assert rendered
    built.write(DIALPLAN, rendered.files[DIALPLAN], then=False)
    built.write(HOUSE, DIALPLAN_OF_THE_HOUSE, then=False)
    queues = built.path(CALLCENTER).read_text()
    assert queues.count("<queues>") == 1
    built.write(CALLCENTER, queues.replace("<queues>", f"<queues>{QUEUE_LINES}"))
    switch.api(f"callcenter_config queue load {QUEUE}")
    built.before = [row for row in built.complaints() if row["check"] == "main/files" and row["status"] == "warning"]


def _put_back(before: Path, conf: Path) -> None:
    for path in conf.rglob("*.xml"):
        if not (before / path.relative_to(conf)).exists():
            path.unlink()
    shutil.copytree(before, conf, dirs_exist_ok=True)
