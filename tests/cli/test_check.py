from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.practices import document
from textback.cli import cli, toml
from textback.store import practices

from .conftest import NOON, Home
from .processes import SOURCE


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_missing_database_will_be_made_later_and_is_not_made_now(home: Home) -> None:
    before = files(home.folder)
    assert "textback.db will be created by `textback db upgrade`" in home.done("check")
    assert files(home.folder) == before


def test_a_database_at_head_is_right_and_stays_as_it_is(home: Home) -> None:
    home.want()
    before = files(home.folder)
    told = home.done("check")
    assert "database: right" in told and "no practice yet" not in told
    assert files(home.folder) == before


def test_a_file_that_is_no_database_of_ours_yet_is_told_and_stays_as_it_is(home: Home) -> None:
    home.write("textback.db", "")
    assert home.run("check").exit_code == 1
    assert files(home.folder)["textback.db"] == b""


def test_a_database_without_its_folder_is_a_failure(home: Home) -> None:
    home.config.write_text(home.config.read_text().replace("/textback.db", "/gone/textback.db"))
    result = home.run("check")
    assert (result.exit_code, "there is no folder" in result.stderr) == (1, True)


def test_the_mistakes_of_all_files_are_told_at_once(home: Home) -> None:
    home.configure("[sms]\nrate = 0\n")
    file = home.write("practice.toml", toml.dumps(document(practice__timezone="Mars", guards__settle="soon")))
    result = home.run("check", "--practice", file)
    keys = [line.split(": ")[1] for line in result.stderr.splitlines()]
    assert (result.exit_code, sorted(keys)) == (78, ["guards.settle", "practice.timezone", "sms.rate"])


def test_warnings_and_hints_are_no_failure(home: Home) -> None:
    file = home.write("practice.toml", toml.dumps(document(practice__mode="test")))
    told = home.done("check", "--practice", file)
    assert f"{file}: warning: practice.mode is test" in told
    assert "main: hint: Asterisk tells of a caller who hides" in told and "`channelvars = CALLERID(pres)`" in told


def test_a_practice_in_the_way_of_a_stored_one_is_a_mistake(home: Home) -> None:
    home.want()
    file = home.write("practice.toml", toml.dumps(document(practice__name="Grove")))
    result = home.run("check", "--practice", file)
    assert result.exit_code == 78
    assert f"{file}: line[0].number: " in result.stderr


def test_a_stored_practice_that_is_no_longer_right_is_named(home: Home) -> None:
    home.change(lambda connection: practices.put(connection, "Riverside", {"line": []}, "test", NOON))
    result = home.run("check")
    assert result.exit_code == 78
    assert 'practice "Riverside" in the database: practice.name: found nothing' in result.stderr


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv (util-linux)")
def test_a_database_that_may_only_be_read_can_be_checked(home: Home) -> None:
    home.want()
    home.folder.joinpath("textback.db").chmod(0o400)
    home.folder.chmod(0o500)
    try:
        done = as_anybody("check", "--config", home.config)
        listed = as_anybody("calls", "list", "--config", home.config)
    finally:
        home.folder.chmod(0o700)
    assert (done.returncode, listed.returncode) == (0, 0), done.stderr + listed.stderr
    assert "database: right" in done.stdout and "the daemon must be able to" in done.stdout


def as_anybody(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The program without what lets root write everywhere."""
    capabilities = "-dac_override,-dac_read_search"
    drop = ["setpriv", "--bounding-set", capabilities, "--inh-caps", capabilities, "--"] if os.getuid() == 0 else []
    return subprocess.run(
        [*drop, sys.executable, "-m", "textback", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_webhook_that_leads_inside_is_refused_unless_it_is_allowed(home: Home) -> None:
    file = home.write("p.toml", toml.dumps(document(notify={"webhook": "http://127.0.0.1:8081/x"})))
    result = home.run("check", "--practice", file)
    assert result.exit_code == 78 and "notify.webhook: found" in result.stderr and "allow_private" in result.stderr
    home.configure('[notify]\nallow_private = ["127.0.0.1"]\n')
    told = home.done("check", "--practice", file)
    assert "warning: notify.webhook is posted to only once textback.toml has a signing_key" in told


def test_whom_nobody_can_tell_is_warned_of(home: Home) -> None:
    file = home.write("p.toml", toml.dumps(document(notify={"email": ["front@clinic.example"]})))
    assert "warning: notify.email names who is told by e-mail, and textback.toml has no [mail]" in home.done(
        "check", "--practice", file
    )


def test_an_empty_file_is_no_configuration_since_run_would_not_take_it(tmp_path: Path) -> None:
    (tmp_path / "textback.toml").write_text("")
    result = CliRunner().invoke(cli, ["--config", str(tmp_path / "textback.toml"), "check"])
    assert result.exit_code == 78 and "expected at least one table" in result.stderr
