"""`textback doctor`: what it prints for people and for programs, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from textback.doctor import asterisk
from textback.doctor.asterisk import prompts

from .conftest import Home

PORT = 1  # nobody listens there


@pytest.fixture(autouse=True)
def no_asterisk_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the computer has on which the tests run."""
    monkeypatch.setattr(asterisk, "ETC", tmp_path / "no-etc")
    monkeypatch.setattr(prompts, "_DATA", str(tmp_path / "no-data"))


def configure(home: Home, more: str = "", port: int = PORT) -> None:
    """Nobody serves the pages, either."""
    home.configure(more, port)
    home.config.write_text(home.config.read_text().replace("127.0.0.1:0", "127.0.0.1:1"))


def ready(home: Home) -> None:
    configure(home)
    home.migrate()
    home.want()


def rows(home: Home, *arguments: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in home.run("doctor", "--json", *arguments).stdout.splitlines()]


def test_each_finding_is_an_object_with_the_same_keys(home: Home) -> None:
    ready(home)
    found = rows(home)
    assert len(found) > 5
    for row in found:
        assert list(row)[:5] == ["check", "status", "message", "lines", "file"] and "hush-hush" not in repr(row)
        assert row["status"] in ("ok", "warning", "failed", "skipped")
    assert {"check": "database", "status": "ok"}.items() <= found[0].items()
    (connect,) = [row for row in found if row["check"] == "main/connect"]
    assert connect["file"] == "manager.conf" and "enabled = yes" in connect["lines"]


def test_anything_that_fails_is_a_failure(home: Home) -> None:
    ready(home)
    result = home.run("doctor")
    assert result.exit_code == 1
    assert "FAILED   main/connect: cannot connect to 127.0.0.1:1: connection refused" in result.stdout
    assert "         add at the end of manager.conf:\n             [general](+)\n" in result.stdout
    assert result.stdout.splitlines()[-1] == "2 ok, 4 warning, 2 failed, 5 skipped"


def test_one_pbx_can_be_looked_at_alone_and_one_that_is_not_there_is_a_fault_of_usage(home: Home) -> None:
    ready(home)
    assert any(row["check"].startswith("main/") for row in rows(home, "--pbx", "main"))
    result = home.run("doctor", "--pbx", "other")
    assert result.exit_code == 2 and "there is no [[pbx]] other" in result.output


def test_files_are_looked_at_even_if_the_pbx_cannot_be_reached(home: Home, tmp_path: Path) -> None:
    ready(home)
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "manager.conf").write_text("[general]\nenabled = yes\nport = 5038\n[textback]\nread = call\n")
    found = {row["check"]: row for row in rows(home, "--asterisk-etc", etc)}
    assert found["main/connect"]["lines"] == ["port = 5038"]
    assert found["main/read=agent"]["status"] == "failed" and found["main/read=call"]["status"] == "ok"


def test_practices_may_be_given_before_they_are_applied(home: Home) -> None:
    configure(home)
    home.migrate()
    assert [row["message"] for row in rows(home) if row["check"] == "practices"] == [
        "there is no practice yet, so nobody is texted"
    ]
    home.done("init", "--directory", home.folder / "new", "--non-interactive", "--practice-name", "Grove",
              "--number", "2025550111")  # fmt: skip
    assert any("Grove" in row["message"] for row in rows(home, "--practice", home.folder / "new/practice.toml"))


def test_a_configuration_that_is_wrong_is_told_as_by_every_command(home: Home) -> None:
    home.config.write_text("nonsense = 1\n")
    assert home.run("doctor").exit_code == 78


def test_what_others_chose_to_be_called_reaches_no_terminal_as_it_is(home: Home) -> None:
    configure(home)
    home.migrate()
    queues = [{"name": "Desk", "number": "+12025550100", "queues": ["a\u202eb"]}]
    home.want(line=queues)
    assert "\u202e" not in home.run("doctor").stdout


def test_files_of_one_pbx_are_not_taken_for_those_of_another(home: Home, tmp_path: Path) -> None:
    other = (
        '[[pbx]]\nname = "other"\nkind = "asterisk"\nusername = "t"\nsecret = "x"\ntrunks = ["PJSIP/t-*"]\nport = 1\n'
    )
    configure(home, other, port=PORT)
    assert home.run("doctor", "--asterisk-etc", tmp_path).exit_code == 2


def test_certificates_that_are_none_are_named(home: Home, tmp_path: Path) -> None:
    ready(home)
    (tmp_path / "ca.pem").write_text("hello\n")
    home.config.write_text(home.config.read_text().replace("port = 1", 'port = 1\ntls = true\ntls_ca = "ca.pem"', 1))
    (found,) = [row for row in rows(home) if row["check"] == "main/tls"]
    assert found["status"] == "failed" and "ca.pem" in found["message"]
