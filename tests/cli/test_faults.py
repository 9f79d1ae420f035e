from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from textback.cli import cli

from .conftest import Home


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """Every command and every group of commands, by the words that lead to it."""
    for name, command in group.commands.items():
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)


GROUPS = [(), *{words[:-1] for words in commands(cli) if len(words) > 1}]


@pytest.mark.parametrize("command", list(commands(cli)), ids=" ".join)
def test_every_command_has_help_with_an_example(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*command, "--help"])
    assert result.exit_code == 0
    assert f"Example: textback {command[0]}" in result.output or "Example: textback --config" in result.output


@pytest.mark.parametrize("group", sorted(GROUPS), ids=" ".join)
def test_what_a_command_does_is_said_in_one_line_of_a_narrow_terminal(group: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*group, "--help"], terminal_width=80)
    listed = result.output.partition("Commands:\n")[2].splitlines()
    assert listed and not [line for line in listed if line.endswith("...")]


def test_every_mistake_of_the_configuration_is_told_on_a_line_of_its_own(home: Home) -> None:
    home.write("textback.toml", '[[pbx]]\nname = "a b"\nsecret = "hush-hush"\nports = 1\n[sms]\nrate = "fast"\n')
    result = home.run("calls", "list")
    keys = {line.split(": ")[1] for line in result.stderr.splitlines()}
    assert (result.exit_code, result.stdout) == (78, "")
    assert {"pbx[0].name", "pbx[0].ports", "pbx[0].kind", "pbx[0].trunks", "sms.rate"} <= keys
    assert "hush" not in result.stderr


def test_without_any_configuration_it_says_where_one_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["db", "status"], env={"TEXTBACK_CONFIG": None})
    assert result.exit_code == 78
    assert "--config or $TEXTBACK_CONFIG" in result.stderr


@pytest.mark.parametrize("command", ["calls list", "messages list", "practice list", "calls show x", "db status"])
def test_a_database_that_is_not_there_is_a_line_that_says_what_to_do(home: Home, command: str) -> None:
    result = home.run(*command.split())
    assert result.exit_code == 1
    assert "run `textback db upgrade`" in result.stderr or "make it with `textback db upgrade`" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (home.folder / "textback.db").exists()


def test_a_file_that_is_no_database_is_told_without_a_traceback(home: Home) -> None:
    home.write("textback.db", "not a database, but long enough to be taken for one at first sight" * 20)
    result = home.run("calls", "list")
    assert result.exit_code == 1
    assert "name another file in database.url" in result.stderr
    assert "Traceback" not in result.output


def test_a_database_newer_than_the_program_is_left_alone(home: Home) -> None:
    home.migrate()
    for change in ("UPDATE alembic_version SET version_num = '9999'", "UPDATE series SET oldest = '9999'"):
        home.change(lambda connection: connection.exec_driver_sql(change))
    for command in ("db upgrade", "db status", "calls list", "run"):
        result = home.run(*command.split())
        assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
        assert "newer" in result.stderr


def test_a_wrong_option_is_a_fault_of_usage(home: Home) -> None:
    assert home.run("calls", "list", "--limit", "-1").exit_code == 2
    assert home.run("calls", "list", "--disposition", "vanished").exit_code == 2
    assert home.run("calls", "list", "--since", "soon").exit_code == 2
