"""A newcomer on a bare Debian 12: only what README.md says, to a text on the console after a real call."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from .asterisk import Asterisk
from .callers import SUPPORT, Callers
from .debian import Debian, missing_part
from .ports import free_port

ROOT = Path(__file__).parents[2]
MOBILE = "+12025560177"
#: seconds in which a person would have lost patience
PATIENCE = 60


@pytest.fixture
def debian() -> Iterator[Debian]:
    """A bare Debian with the project in it, or the reason why there is none."""
    reason = missing_part()
    if reason and "asterisk" in os.environ.get("TEXTBACK_REQUIRE", ""):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    found = Debian(ROOT)
    try:
        yield found
    finally:
        found.remove()


def steps() -> list[str]:
    """The commands of each numbered step of "Your first text", one after the other."""
    section = (ROOT / "README.md").read_text("utf-8").partition("\n## Your first text")[2].partition("\n## ")[0]
    found = re.split(r"^\d\. ", section, flags=re.MULTILINE)[1:]
    blocks = [re.search(r"(?:^ {8}.*\n)+", step, re.MULTILINE) for step in found]
    return [textwrap.dedent(block[0]).strip() if block else "" for block in blocks]


def prerequisites() -> str:
    """What README.md has Debian's users install first."""
    found = re.search(r"`(apt install [^`]+)`", (ROOT / "README.md").read_text("utf-8"))
    assert found
    return found[1].replace("apt install", "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y")


def interviewed(debian: Debian, commands: str, answers: dict[str, str]) -> str:
    """What `textback init` printed, when every question was answered: with these, or with what it offers."""
    command = debian.enter(f"export PATH=$PATH:/opt/textback/bin; {commands}")
    child = pexpect.spawn(command[0], command[1:], encoding="utf-8", timeout=PATIENCE, dimensions=(60, 200))
    said = ""
    while child.expect([r"\r?\n?([^\r\n]+): $", pexpect.EOF]) == 0:
        said += child.before + child.after
        asked = child.match[1]
        child.sendline(next((answer for words, answer in answers.items() if words in asked), ""))
    child.close()
    said += child.before
    assert child.exitstatus == 0, said
    return said.replace("\r", "")


def let_in(asterisk: Asterisk, said: str, secret: str) -> None:
    """Puts the lines for manager.conf where they belong, as step 3 says."""
    found = re.search(r"^ {5}\[general\]\(\+\)\n(?: {5}\S.*\n|\n)+", said, re.MULTILINE)
    assert found
    lines = re.sub(r"^secret = .*$", f"secret = {secret}", textwrap.dedent(found[0]), flags=re.MULTILINE)
    with open(asterisk.home / "etc/manager.conf", "a", encoding="utf-8") as conf:
        conf.write("\n" + lines)
    asterisk.cli("manager reload")


@pytest.mark.slow
def test_a_newcomer_has_a_text_on_the_console(asterisk22: Asterisk, debian: Debian) -> None:
    install, init, _, start, *_ = steps()
    debian.run(f"apt-get update -qq && {prerequisites()}")
    debian.run(install)
    answers = {
        "practice called": "Riverside Clinic", "country": "US", "time zone": "America/New_York",
        "shall texts be sent": "+12025550100", "own mobile": MOBILE, "port": str(asterisk22.ami_port),
        "manager user": "newcomer", "Shall I look now": "n",
    }  # fmt: skip
    said = interviewed(debian, init, answers)
    free = free_port()  # here 8080 may be taken
    with open(debian.root / "etc/textback/textback.toml", "a", encoding="utf-8") as config:
        config.write(f'\n[http]\nlisten = "127.0.0.1:{free}"\n')
    let_in(asterisk22, said, (debian.root / "etc/textback/ami-secret").read_text().strip())
    enter = debian.enter("export PATH=$PATH:/opt/textback/bin; cd /etc/textback; set -e\n" + start)
    asterisk22.pause("support", "agent1", "agent2")
    daemon = pexpect.spawn(enter[0], enter[1:], encoding="utf-8", timeout=PATIENCE, dimensions=(60, 200))
    try:
        daemon.expect("link is up")
        with Callers(asterisk22) as people:
            people.call(MOBILE.removeprefix("+"), SUPPORT, stays=6).wait()
            daemon.expect(re.escape(f"text to {MOBILE} from +12025550100: This is Riverside Clinic."))
        doctor = debian.run("cd /etc/textback; /opt/textback/bin/textback doctor")
        assert "FAILED" not in doctor and "ok" in doctor
        # Debian's Python is older than ours: what goes wrong is one line there, too.
        second = debian.run("cd /etc/textback; /opt/textback/bin/textback run 2>&1 || true").splitlines()
        assert second[-1] == f"[http] listen: cannot listen on 127.0.0.1:{free}: address already in use"
        assert "Traceback" not in "".join(second)
    finally:
        daemon.terminate(force=True)
        asterisk22.pause("support", "agent1", "agent2", paused=False)
