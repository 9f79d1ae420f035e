"""``purge``: what it says, what it wants, and that a daemon beside it can go on writing."""

from __future__ import annotations

import sqlite3

import pytest
from rich.console import Console

from textback.clock import system_clock
from textback.store import calls

from .conftest import Home, call

DAY = 86_400.0


@pytest.fixture
def clinic(home: Home) -> Home:
    home.want()
    now = system_clock()
    for n in range(3):
        at = now - (500 - 200 * n) * DAY
        row = call(n, practice="Riverside", started_at=at, ended_at=at + 30)
        home.change(lambda connection, row=row: calls.save(connection, [row]))
    return home


def test_it_says_what_went_and_first_what_would_go(clinic: Home) -> None:
    assert clinic.done("purge", "--older-than", "400d", "--dry-run") == "would be deleted: 1 calls\n"
    assert len(clinic.done("calls", "list", "--json").splitlines()) == 3
    assert clinic.done("purge", "--older-than", "400d") == "deleted: 1 calls\n"
    assert clinic.done("purge", "--older-than", "400d", "--practice", "Riverside") == "deleted: nothing\n"
    assert clinic.done("purge", "--older-than", "200d") == "deleted: 1 calls\n"
    assert len(clinic.done("calls", "list", "--json").splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing option '--older-than'"),
        (["--older-than", "9d"], 'expected at least "10d"'),
        (["--older-than", "soon"], 'a number of days or years such as "400d" or "6y"'),
        (["--older-than", "1y", "--practice", "Nowhere"], "there is Riverside"),
    ],
)
def test_what_it_cannot_do_is_a_mistake(clinic: Home, arguments: list[str], said: str) -> None:
    refused = clinic.run("purge", *arguments)
    assert refused.exit_code == 2 and said in " ".join(refused.stderr.split())
    assert len(clinic.done("calls", "list", "--json").splitlines()) == 3


def test_a_daemon_beside_it_writes_between_two_batches(clinic: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = sqlite3.connect(clinic.folder / "textback.db", timeout=0.0, isolation_level=None)
    written = 0

    def writes(seconds: float) -> None:
        nonlocal written
        written += beside.execute("UPDATE calls SET linkedid = 'x' WHERE id = 'main/2'").rowcount

    monkeypatch.setattr("textback.cli.purging.time.sleep", writes)
    clinic.done("purge", "--older-than", "400d")
    assert written > 5


def test_a_person_who_watches_sees_how_far_it_is(clinic: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr("textback.cli.purging._watched", lambda: True)
    monkeypatch.setattr("textback.cli.purging.Console", lambda stderr: shown.append(stderr) or Console(file=None))
    clinic.done("purge", "--older-than", "400d")
    assert shown == [True]
