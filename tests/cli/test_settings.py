from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from textback.cli import cli

from .conftest import Home


@pytest.mark.parametrize(
    "arguments",
    ["--config F db status", "db --config F status", "db status --config F", "db status -c F"],
)
def test_the_configuration_may_be_named_before_or_after_the_command(home: Home, arguments: str) -> None:
    home.migrate()
    result = CliRunner().invoke(cli, [str(home.config) if word == "F" else word for word in arguments.split()])
    assert result.exit_code == 0, result.output


def test_the_one_named_last_holds(home: Home) -> None:
    home.migrate()
    assert CliRunner().invoke(cli, ["--config", "nowhere", "db", "status", "--config", str(home.config)]).exit_code == 0


def test_else_the_environment_names_it_and_else_it_is_here(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.migrate()
    named = CliRunner().invoke(cli, ["db", "status"], env={"TEXTBACK_CONFIG": str(home.config)})
    monkeypatch.chdir(home.folder)
    here = CliRunner().invoke(cli, ["db", "status"])
    assert (named.exit_code, here.exit_code) == (0, 0)


def test_a_named_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["--config", str(tmp_path / "x.toml"), "db", "status"])
    assert (result.exit_code, "x.toml: file: found no such file" in result.stderr) == (78, True)
