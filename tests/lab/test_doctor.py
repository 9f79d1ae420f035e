"""A real Asterisk set up wrongly in many ways: the doctor names each, and pasting its lines mends it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from textback.cli import cli
from textback.pbx.wire import END

from .asterisk import Asterisk
from .conftest import running
from .daemon import Daemon
from .included import include_rendered
from .ports import free_port
from .relay import Relay

pytestmark = pytest.mark.lab

CONFIG = """\
[database]
url = "sqlite:///{folder}/textback.db"

[[pbx]]
name = "main"
kind = "asterisk"
host = "127.0.0.1"
port = {port}
username = "tb"
secret_file = "ami-secret"
trunks = ["PJSIP/trunk-*"]
inbound_contexts = ["from-trunk"]
queue_log = "{queue_log}"
cdr = "{cdr}"

[agi]
listen = "127.0.0.1:{agi}"

[http]
listen = "127.0.0.1:{http}"
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
queues = ["support", "sales"]

[call_to_text]
enabled = true
key = "5"
offer = "announce"
message = { en = "{practice}: how can we help?" }
"""
#: what an administrator does in extensions.conf
HOUSE = """
[from-trunk](+)
exten => 12025556201,1,Answer()
 same => n,Gosub(textback-queue,s,1(support,t,,,60))
exten => 12025556202,1,Answer()
 same => n,Set(TEXTBACK_BACK=${CONTEXT},${EXTEN},queue)
 same => n(queue),Set(TEXTBACK_QUEUE=sales)
 same => n,Queue(sales,t,,,60@GAP@${TEXTBACK_POSITION})
 same => n,Hangup()
"""
#: the lab's own lines that call these queues plainly; what is not looked at here stays
PLAIN = re.compile(r"Queue\((support|sales),")

Row = dict[str, Any]


@dataclass
class Clinic:
    """An Asterisk, the daemon beside it, and the doctor who looks at both."""

    asterisk: Asterisk
    daemon: Daemon
    folder: Path
    agi_port: int
    healthy: dict[Path, str] = field(default_factory=dict)
    #: what stands between the doctor and the PBX, if anything
    ami_port: int = 0

    @property
    def etc(self) -> Path:
        return self.asterisk.home / "etc"

    @property
    def config(self) -> Path:
        return self.folder / "textback.toml"

    @property
    def practice(self) -> Path:
        return self.folder / "practice.toml"

    def run(self, *arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["--config", str(self.config), *map(str, arguments)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result.exit_code, result.stdout

    def look(self, *more: object) -> list[Row]:
        """All findings; the exit status says whether any failed."""
        sounds = self.asterisk.home / "data/sounds"
        places = ["--asterisk-etc", self.etc, "--sounds", sounds, "--practice", self.practice]
        status, output = self.run("doctor", "--json", *places, *more)
        rows = [json.loads(line) for line in output.splitlines()]
        assert status == int(any(row["status"] == "failed" for row in rows))
        return rows

    def failed(self, *more: object) -> list[Row]:
        return [row for row in self.look(*more) if row["status"] == "failed"]

    def change(self, file: str, pattern: str, new: str) -> None:
        """Break something: the only place in a file that fits."""
        path = self.folder / file if file.endswith(".toml") else self.etc / file
        text, times = re.subn(pattern, lambda found: found.expand(new), path.read_text(), flags=re.MULTILINE)
        assert times >= 1, f"{file} has no {pattern}"
        path.write_text(text)

    def reload(self) -> None:
        for command in ("manager reload", "dialplan reload", "queue reload all"):
            self.asterisk.cli(command)

    def restart(self) -> None:
        self.asterisk.stop()
        self.asterisk.start()

    def heal(self) -> None:
        for path, text in self.healthy.items():
            path.write_text(text)

    def paste(self, row: Row) -> None:
        """Do with the lines what the doctor says of them, and nothing else."""
        file, lines = row["file"], row["lines"]
        assert lines and file, row
        if file == "shell":
            for line in lines:
                self.command(line)
        elif file.endswith(".conf"):
            self._paste(self.etc / file, lines, row.get("replaces", []))
        elif file.startswith("textback.toml"):
            self._paste_toml(self.config, lines)
        else:
            assert "practice" in file
            self._paste_toml(self.practice, lines)

    def command(self, line: str) -> None:
        if found := re.fullmatch(r'asterisk -rx "(.*)"', line):
            self.asterisk.cli(found[1])
        elif line.startswith("textback "):
            assert self.run(*line.split()[1:])[0] == 0
        elif line == "systemctl start textback":
            self.daemon.start()
        else:
            assert line.startswith("timedatectl"), line
            self.config.write_text(self.healthy[self.config])  # NTP has put the clock right

    def _paste(self, path: Path, lines: list[str], replaced: list[str]) -> None:
        text = path.read_text() if path.exists() else ""
        if not replaced:
            path.write_text("\n".join([text.rstrip("\n"), *lines, ""]))
            return
        old, new = "\n".join(replaced) + "\n", "\n".join(lines) + "\n"
        assert text.count(old) == 1, f"{path} has not once:\n{old}"
        path.write_text(text.replace(old, new))

    def _paste_toml(self, path: Path, lines: list[str]) -> None:
        """Each line takes the place of the one with its key."""
        text = path.read_text()
        for line in lines:
            key = line.partition(" = ")[0]
            text, times = re.subn(rf"^{key} = .*$", lambda _: line, text, count=1, flags=re.MULTILINE)
            assert times == 1, line
        path.write_text(text)


def prepare(asterisk: Asterisk, files: dict[str, str]) -> None:
    etc = asterisk.home / "etc"
    extensions = etc / "extensions.conf"
    gap = "," * (4 if int(asterisk.version.split(".")[0]) > 20 else 5)
    text = PLAIN.sub(r"Queue(other-\1,", extensions.read_text())
    extensions.write_text(text + HOUSE.replace("@GAP@", gap))
    manager = etc / "manager.conf"
    manager.write_text(manager.read_text().replace("[general]\n", "[general]\nchannelvars = CALLERID(pres)\n", 1))
    ours = files["manager-textback.conf"].replace("secret = change-me", f"secret = {asterisk.secret}")
    include_rendered(asterisk, files | {"manager-textback.conf": ours})


@pytest.fixture(scope="module", params=["22", "16"])
def clinic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder, agi, http = tmp_path_factory.mktemp("clinic"), free_port(), free_port()
    (folder / "practice.toml").write_text(PRACTICE)

    def configure(port: int, queue_log: Path, cdr: Path) -> None:
        text = CONFIG.format(folder=folder, port=port, agi=agi, http=http, queue_log=queue_log, cdr=cdr)
        (folder / "textback.toml").write_text(text)

    def settled(asterisk: Asterisk) -> None:
        (folder / "ami-secret").write_text(asterisk.secret)
        configure(asterisk.ami_port, asterisk.queue_log, asterisk.cdr)
        shown = ["--config", f"{folder}/textback.toml", "dialplan", "show", "--practice", f"{folder}/practice.toml"]
        assert CliRunner().invoke(cli, [*shown, "--output", f"{folder}/out"]).exit_code == 0
        prepare(asterisk, {file.name: file.read_text() for file in (folder / "out").iterdir()})
        asterisk.cdr.touch()

    for asterisk in running(request.param, settled):
        with Daemon(folder, asterisk, "http://127.0.0.1:1") as daemon:
            configure(asterisk.ami_port, asterisk.queue_log, asterisk.cdr)
            clinic = Clinic(asterisk, daemon, folder, agi)
            assert clinic.run("db", "upgrade")[0] == 0
            assert clinic.run("practice", "apply", clinic.practice)[0] == 0
            daemon.start()
            files = [*clinic.etc.glob("*.conf"), clinic.config, clinic.practice]
            clinic.healthy = {path: path.read_text() for path in files}
            yield clinic


@pytest.fixture
def ward(clinic: Clinic) -> Iterator[Clinic]:
    """The same, healthy again afterwards."""
    yield clinic
    clinic.heal()
    clinic.reload()


def test_nothing_is_wrong_with_what_is_set_up_as_the_readme_says(ward: Clinic) -> None:
    assert ward.failed() == []
