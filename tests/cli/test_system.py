"""``textback init --system``: what a server needs to run textback as a service, below a folder in place of /."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from textback import config
from textback.cli import cli

GIVEN = ["--non-interactive", "--practice-name", "Riverside Clinic", "--number", "(202) 555-0100"]


def init(root: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["init", "--system", "--root", str(root), *GIVEN, *arguments])
    return result.exit_code, result.output


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_where_systemd_and_the_daemon_look_for_it(tmp_path: Path) -> None:
    status, output = init(tmp_path)
    assert status == 0, output
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert written == [
        "etc/systemd/system/textback.service",
        "etc/sysusers.d/textback.conf",
        "etc/textback/practice.toml",
        "etc/textback/secrets/ami-secret",
        "etc/textback/textback.toml",
        "etc/tmpfiles.d/textback.conf",
    ]
    assert all(str(tmp_path / path) in output for path in written)


def test_nobody_but_root_and_the_daemon_reads_the_configuration(tmp_path: Path) -> None:
    init(tmp_path)
    etc = tmp_path / "etc/textback"
    assert (mode(etc), mode(etc / "secrets")) == (0o750, 0o750)
    assert {mode(path) for path in etc.rglob("*") if path.is_file()} == {0o640}
    assert mode(tmp_path / "etc/systemd/system/textback.service") == 0o644


def test_the_configuration_names_the_data_and_the_secret_of_the_server(tmp_path: Path) -> None:
    _, output = init(tmp_path)
    path = tmp_path / "etc/textback/textback.toml"
    read = config.load(path)
    assert read.database.url == "sqlite:////var/lib/textback/textback.db"
    assert 'secret_file = "secrets/ami-secret"' in path.read_text()
    secret = (tmp_path / "etc/textback/secrets/ami-secret").read_text().strip()
    assert read.pbx[0].secret.get_secret_value() == secret
    assert secret not in output


def test_a_secret_that_is_roots_alone_is_told_with_what_lets_the_commands_read_it(tmp_path: Path) -> None:
    assert "readable to root alone" not in init(tmp_path)[1]
    secret = tmp_path / "etc/textback/secrets/ami-secret"
    secret.chmod(0o600)
    _, output = init(tmp_path, "--force")
    assert "unless you `chmod 640 /etc/textback/secrets/ami-secret`" in output
    assert mode(secret) == 0o600  # it may be meant so


def test_the_unit_starts_this_program(tmp_path: Path) -> None:
    init(tmp_path)
    unit = (tmp_path / "etc/systemd/system/textback.service").read_text()
    assert f"\nExecStart={Path(sys.prefix) / 'bin/textback'} run\n" in unit


def test_the_next_steps_are_told_as_that_server_calls_things(tmp_path: Path) -> None:
    _, output = init(tmp_path)
    told = output[output.index("Next:") :]
    assert str(tmp_path) not in told.replace(sys.prefix, "")
    assert "check --practice /etc/textback/practice.toml" in told
    assert "systemctl daemon-reload && systemctl enable --now textback" in told


def test_what_a_package_has_brought_is_left_to_it(tmp_path: Path) -> None:
    packaged = tmp_path / "usr/lib/systemd/system/textback.service"
    packaged.parent.mkdir(parents=True)
    packaged.write_text("[Unit]\n")
    init(tmp_path)
    assert not (tmp_path / "etc/systemd/system").exists()
    assert (tmp_path / "etc/sysusers.d/textback.conf").exists()


def test_a_second_time_nothing_is_overwritten_unless_that_is_meant_and_a_secret_never(tmp_path: Path) -> None:
    init(tmp_path)
    secret, path = tmp_path / "etc/textback/secrets/ami-secret", tmp_path / "etc/textback/textback.toml"
    before = secret.read_text()
    path.write_text("# mine\n")
    status, output = init(tmp_path)
    assert (status, "--force" in output, path.read_text()) == (1, True, "# mine\n")
    assert init(tmp_path, "--force")[0] == 0
    assert (path.read_text() != "# mine\n", secret.read_text()) == (True, before)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--root", "/tmp/x"], "--root is for --system"), (["--system", "--directory", "x"], "no --directory")],
)
def test_options_that_contradict_each_other_are_refused(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(cli, ["init", *GIVEN, *arguments])
    assert (result.exit_code, words in result.output) == (2, True)


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = CliRunner().invoke(cli, ["init", "--system", *GIVEN])
    assert (result.exit_code, "run it as root" in result.output) == (1, True)


def test_the_token_of_twilio_has_its_place_beside_the_other_secrets(tmp_path: Path) -> None:
    """There systemd and the rights of the folder look after it."""
    init(tmp_path)
    assert '# auth_token_file = "secrets/twilio-token"\n' in (tmp_path / "etc/textback/textback.toml").read_text()


def test_a_program_that_the_unit_hides_from_the_daemon_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    for prefix, is_hidden in (("/root/venv", True), ("/home/kim/textback", True), ("/opt/textback", False)):
        monkeypatch.setattr(sys, "prefix", prefix)
        status, output = init(tmp_path, "--force")
        assert (status, f"The daemon will not find {prefix}" in output) == (0, is_hidden)
    monkeypatch.setattr(sys, "base_prefix", "/root/.pyenv/versions/3.13")
    assert "The daemon will not find /root/.pyenv" in init(tmp_path, "--force")[1]


def test_a_unit_that_is_masked_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """What is written through the link, and its mode, would be those of /dev/null."""
    null, unit = tmp_path / "null", tmp_path / "etc/systemd/system/textback.service"
    null.write_text("")
    null.chmod(0o666)
    unit.parent.mkdir(parents=True)
    unit.symlink_to(null)
    status, output = init(tmp_path)
    assert (status, "systemctl unmask textback" in output) == (1, True)
    assert (mode(null), null.read_text(), (tmp_path / "etc/textback").exists()) == (0o666, "", False)
