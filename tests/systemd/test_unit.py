"""The unit and its neighbours, as systemd itself judges them, where its programs are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from textback.cli.system import USUAL_PROGRAM
from textback.shipped import package

FILES = Path(str(files(package("systemd"))))
UNIT = FILES / "textback.service"


def asked(*command: object) -> subprocess.CompletedProcess[str]:
    """A program of systemd's, as it was run; skipped where there is none."""
    name = str(command[0])
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}: apt install systemd")
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, check=False)


def said(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_systemd_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    program = tmp_path / "textback"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "textback.service"
    unit.write_text(UNIT.read_text().replace(USUAL_PROGRAM, str(program)))
    verified = asked("systemd-analyze", "verify", "--man=no", unit)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_its_exposure_is_at_most_two() -> None:
    judged = asked("systemd-analyze", "security", "--offline=true", "--threshold=20", UNIT)
    assert judged.returncode == 0, judged.stdout[-2000:]


def test_systemd_waits_for_the_daemon_and_is_told_that_it_is_well() -> None:
    assert (said("Type"), said("Restart"), said("User")) == (["notify"], ["always"], ["textback"])
    assert said("LoadCredential") == ["secrets:/etc/textback/secrets"]
    assert said("WatchdogSec") == ["60"]
    assert float(said("TimeoutStopSec")[0]) > 10


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_user_and_the_folders_are_made(tmp_path: Path) -> None:
    for name in ("etc/textback/secrets", "var/lib/textback"):
        (tmp_path / name).mkdir(parents=True)
    secret = tmp_path / "etc/textback/secrets/ami"
    secret.write_text("hush\n")
    secret.chmod(0o600)
    (tmp_path / "etc/textback/textback.toml").write_text("")
    made = asked("systemd-sysusers", f"--root={tmp_path}", FILES / "sysusers.conf")
    assert made.returncode == 0, made.stderr
    users = (tmp_path / "etc/passwd").read_text()
    assert re.search(r"^textback:x:(\d+):\d+:textback daemon:/var/lib/textback:/usr/sbin/nologin$", users, re.M)
    uid, gid = map(int, users.split(":")[2:4])
    made = asked("systemd-tmpfiles", f"--root={tmp_path}", "--create", FILES / "tmpfiles.conf")
    assert made.returncode == 0, made.stderr

    def owned(path: str) -> tuple[int, int, int]:
        found = (tmp_path / path).stat()
        return found.st_mode & 0o777, found.st_uid, found.st_gid

    assert owned("etc/textback") == owned("etc/textback/secrets") == (0o750, 0, gid)
    assert owned("etc/textback/textback.toml") == (0o640, 0, gid)
    assert owned("etc/textback/secrets/ami") == (0o600, 0, gid)  # root's alone, as somebody chose
    assert owned("var/lib/textback") == (0o750, uid, gid)
