"""A real Asterisk set up wrongly in many ways: the doctor names each, and pasting its lines mends it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from textback.cli import cli, looking
from textback.config import load, load_practice_file

from .asterisk import TRUNK_IP, Asterisk
from .conftest import hang_up_all, running
from .daemon import PATIENCE, SOURCE, Daemon
from .included import include_rendered
from .phones import Phones
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
        elif line == "textback run":
            self.daemon.start()
        elif line.startswith("textback "):
            assert self.run(*line.split()[1:])[0] == 0
        else:
            assert line.startswith("timedatectl"), line
            self.config.write_text(self.healthy[self.config])  # NTP has put the clock right

    def _paste(self, path: Path, lines: list[str], replaced: list[str]) -> None:
        lines = [re.sub("^secret = change-me$", f"secret = {self.asterisk.secret}", line) for line in lines]
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


# -- set up wrongly --------------------------------------------------------------------------------------------------

MANAGER, EXTENSIONS, QUEUES = (f"{name}-textback.conf" for name in ("manager", "extensions", "queues"))


@dataclass(frozen=True)
class Mistake:
    """``follows``: what else fails because of it, and is mended with it."""

    check: str
    says: str
    make: Callable[[Clinic], object]
    follows: frozenset[str] = frozenset()
    restarts: bool = False


def change(file: str, pattern: str, new: str) -> Callable[[Clinic], object]:
    return lambda clinic: clinic.change(file, pattern, new)


def write(file: str, text: str) -> Callable[[Clinic], object]:
    return lambda clinic: (clinic.etc / file).write_text((clinic.etc / file).read_text() + text)


def want_key_7(clinic: Clinic) -> None:
    """The prompt is recorded already, and said."""
    sounds = clinic.asterisk.home / "data/sounds/en/textback"
    (sounds / "offer-7.wav").write_bytes((sounds / "offer.wav").read_bytes())
    clinic.change("practice.toml", '^key = "5"', 'key = "7"')
    clinic.change(QUEUES, "textback/offer", "textback/offer-7")


def lose_a_prompt(clinic: Clinic) -> None:
    (clinic.asterisk.home / "data/sounds/en/textback/stay.wav").unlink()


def empty_database(clinic: Clinic) -> None:
    clinic.change("textback.toml", "textback.db", "another.db")


MISTAKES = {
    "a read class is missing": Mistake(
        "main/read=agent",
        "agent is not among the read classes of tb",
        change(MANAGER, "^read = .*", "read = system,call,dtmf,dialplan"),
    ),
    "restarts are not told": Mistake(
        "main/read=system", "system is not among the read classes", change(MANAGER, "^read = system,", "read = ")
    ),
    "a write class is missing": Mistake(
        "main/write=reporting", "tb may not ShowDialPlan", change(MANAGER, "^write = .*", "write = call,agent")
    ),
    "the class for whispers is missing": Mistake(
        "main/write=originate",
        "tb may not Originate",
        change("practice.toml", '^offer = "announce"', 'offer = "whisper"'),
    ),
    "the secret is another one": Mistake(
        "main/login", "the secret of tb in manager.conf is another one", change(MANAGER, "^secret = .*", "secret = no")
    ),
    "there is no such user": Mistake(
        "main/login", "manager.conf has no user tb", change(MANAGER, r"^\[tb\]", "[somebody]")
    ),
    "the daemon may not come from here": Mistake(
        "main/login",
        "does not let tb come from 127.0.0.1",
        change(MANAGER, "^permit = .*", "permit = 10.0.0.0/255.0.0.0"),
    ),
    "AMI is at another port": Mistake(
        "main/connect", "manager.conf has port", change("textback.toml", "^port = .*", "port = 1")
    ),
    "a filter hides what is needed": Mistake(
        "main/eventfilter",
        "filtered away: QueueCallerJoin, QueueCallerLeave",
        change(MANAGER, r"^eventfilter = \^Event: \(\[\^NV\].*", "eventfilter = ^Event: ([^NQV]|New[^e])"),
    ),
    "a caller can abuse a filter": Mistake(
        "main/eventfilter",
        "a caller who takes a name that fits",
        change(MANAGER, r"(?s)^eventfilter = .*\Z", "eventfilter = !Event: VarSet\n"),
    ),
    "hidden numbers are not told": Mistake(
        "main/channelvars",
        "would be texted all the same",
        change("manager.conf", "^channelvars = .*", ""),
        restarts=True,
    ),
    "a queue has no exit context": Mistake(
        "main/exit",
        "support has no exit context",
        change(QUEUES, r"^(\[support\]\(\+\)\n)context = .*\n", r"\1"),
    ),
    "the exit context is another one": Mistake(
        "main/exit",
        "support: the key 5 leads to [queue-exit], which does not ask",
        change(QUEUES, r"^(\[support\]\(\+\)\n)context = .*", r"\1context = queue-exit"),
    ),
    "nobody tells callers of the key": Mistake(
        "main/announce",
        "sales: nobody tells callers to press 5",
        change(QUEUES, r"^(\[sales\]\(\+\)\ncontext = .*\n)periodic-announce = .*", r"\1"),
    ),
    "the position is in the wrong place": Mistake(
        "main/position",
        "takes the position from argument",
        change("extensions.conf", r",+\$\{TEXTBACK_POSITION\}", r",,,${TEXTBACK_POSITION}"),
    ),
    "the way back is missing": Mistake(
        "main/fallback",
        "does not come back to this line",
        change("extensions.conf", r"^ same => n,Set\(TEXTBACK_BACK=.*\n", ""),
    ),
    "a plain Queue() loses the caller": Mistake(
        "main/position",
        "hung up when the queue gives up",
        change("extensions.conf", r"Gosub\(textback-queue,s,1\(support,t,,,60\)\)", "Queue(support,t,,,60)"),
    ),
    "the dialplan asks at another address": Mistake(
        "main/agi",
        "the dialplan asks for hooks at agi://127.0.0.1:9,",
        change(EXTENSIONS, r"agi://127\.0\.0\.1:\d+", "agi://127.0.0.1:9"),
    ),
    "nobody listens there": Mistake(
        "agi", "connection refused", lambda clinic: clinic.daemon.stop(), frozenset({"http"})
    ),
    "the key is another one": Mistake("main/key", "practices want the key 7, [textback-keys] listens to 5", want_key_7),
    "our dialplan is not included": Mistake(
        "main/dialplan",
        "the dialplan has no [textback-keys]",
        change("extensions.conf", '^#include "extensions-textback.conf"', ""),
    ),
    "the rest of an included file is passed over": Mistake(
        "main/files",
        "it adds to [nosuch]",
        change(QUEUES, r"^(\[support\])", r"[nosuch](+)\ncontext = x\n\1"),
        frozenset({"main/exit", "main/announce"}),
    ),
    "a file that is included is not there": Mistake(
        "main/files", "nothing of queues.conf is loaded", write("queues.conf", '#include "gone.conf"\n')
    ),
    "a queue's name is misspelt": Mistake(
        "main/queues", "is support meant", change("practice.toml", '"support"', '"suport"')
    ),
    "a trunk pattern matches nothing": Mistake(
        "main/trunks",
        "PJSIP/provider-* matches no endpoint",
        change("textback.toml", "PJSIP/trunk-", "PJSIP/provider-"),
    ),
    "a context is misspelt": Mistake(
        "main/inbound_contexts", "there is no [from-trnk]", change("textback.toml", "from-trunk", "from-trnk")
    ),
    "the CDR has no Uniqueids": Mistake(
        "main/cdr", "loguniqueid", change("cdr.conf", "^loguniqueid = .*", "loguniqueid = no")
    ),
    "a prompt is missing": Mistake("main/prompts", "has no textback/stay", lose_a_prompt),
    "the database has no tables": Mistake("database", "there is no", empty_database),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_it_is_named_and_pasting_the_lines_mends_it(ward: Clinic, mistake: Mistake) -> None:
    mistake.make(ward)
    ward.restart() if mistake.restarts else ward.reload()
    found = ward.failed()
    assert {row["check"] for row in found} == {mistake.check, *mistake.follows}, found
    named = [row for row in found if row["check"] == mistake.check]
    assert mistake.says in " ".join(row["message"] for row in named)
    for row in named:
        ward.paste(row)
    ward.restart() if mistake.restarts else ward.reload()
    assert ward.failed() == []


def test_a_clock_that_is_two_minutes_off_is_named_until_it_is_right(ward: Clinic) -> None:
    def ahead(data: bytes) -> bytes:
        return re.sub(rb"Timestamp: (\d+)", lambda found: b"Timestamp: %d" % (int(found[1]) + 120), data)

    with Relay(ward.asterisk.ami_port, ahead) as relay:
        ward.change("textback.toml", "^port = .*", f"port = {relay.port}")
        (row,) = ward.failed()
        assert row["check"] == "main/clock" and re.search(
            r"(2 min 0|1 min 59) s ahead of ours", row["message"]
        )
        ward.paste(row)
    assert ward.failed() == []


def test_what_was_changed_but_not_reloaded_is_told(ward: Clinic) -> None:
    ward.change(MANAGER, "^read = .*", "read = call,agent,dtmf,dialplan")
    ward.reload()
    ward.change(MANAGER, "^read = .*", "read = system,call,agent,dtmf,dialplan")
    ward.change(EXTENSIONS, "TEXTBACK_TIMEOUT=5", "TEXTBACK_TIMEOUT=6")
    rows = {row["check"]: row for row in ward.failed()}
    assert set(rows) == {"main/read=system", "main/dialplan"}
    assert "not reloaded since" in rows["main/dialplan"]["message"] and "reload" in rows["main/read=system"]["message"]
    for row in rows.values():
        ward.paste(row)
    assert ward.failed() == []


# -- without files: what comes proves what comes ---------------------------------------------------------------------


def ask_while_somebody_calls(clinic: Clinic) -> dict[str, Row]:
    """The doctor has no files; a caller waits in a queue and presses the key meanwhile. What it says, by check."""
    command = [sys.executable, "-m", "textback", "--config", str(clinic.config), "doctor", "--json", "--listen", "8"]
    command += ["--practice", str(clinic.practice)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(command, env=environment, **pipes) as doctor, clinic.asterisk.connect() as ami:
        assert doctor.stderr and "listening" in doctor.stderr.readline()
        with Phones(clinic.asterisk.sip_port, TRUNK_IP, clinic.asterisk.trunk_port) as outside:
            leg = outside.call("12025560801", "12025556201")
            ami.wait_event("MusicOnHoldStart")
            leg.press("5")
            said, _ = doctor.communicate(timeout=PATIENCE)
    hang_up_all(clinic.asterisk)
    return {row["check"]: row for row in map(json.loads, said.splitlines())}


def test_what_comes_proves_itself(ward: Clinic) -> None:
    said = ask_while_somebody_calls(ward)
    classes = {check: row["status"] for check, row in said.items() if "/read=" in check or "channelvars" in check}
    names = ("read=system", "read=call", "read=agent", "read=dtmf", "read=dialplan", "channelvars")
    assert classes == {f"main/{name}": "ok" for name in names}
    assert said["main/exit"]["status"] == said["main/eventfilter"]["status"] == "skipped"


def test_somebody_who_waits_untold_proves_that_a_class_is_missing(ward: Clinic) -> None:
    ward.change(MANAGER, "^read = .*", "read = call,dialplan")
    ward.reload()
    said = ask_while_somebody_calls(ward)
    expected = {"call": "ok", "dialplan": "ok", "system": "failed", "agent": "failed", "dtmf": "skipped"}
    assert {kind: said[f"main/read={kind}"]["status"] for kind in expected} == expected
    assert said["main/read=agent"]["lines"] == ["[tb](+)", "read = system,call,agent,dtmf,dialplan"]


def test_init_is_told_by_the_pbx_what_it_has(ward: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "ETC", ward.etc)
    user = ["--pbx-user", "tb", "--pbx-port", ward.asterisk.ami_port, "--pbx-secret-file", ward.folder / "ami-secret"]
    practice = ["--practice-name", "Grove", "--number", "+12025550100", "--queue", "support"]
    assert ward.run("init", "--non-interactive", "--directory", tmp_path, *user, *practice)[0] == 0
    (pbx,) = load(tmp_path / "textback.toml").pbx
    assert (pbx.trunks, pbx.inbound_contexts) == (("PJSIP/trunk-*",), ("from-trunk",))
    (line,) = load_practice_file(tmp_path / "practice.toml").lines
    assert "+12025550110" in line.dids and "+12025556201" in line.dids and line.queues == ("support",)
