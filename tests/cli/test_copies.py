"""``db backup`` and ``db restore``, as an administrator types them at three in the morning."""

from __future__ import annotations

import sqlite3

from textback.clock import system_clock
from textback.store import calls, senders

from .conftest import Home, call


def test_there_and_back_again(home: Home) -> None:
    home.want()
    home.log(call(1), call(2))
    copy = home.folder / "copy.db"
    assert home.done("db", "backup", copy).startswith(f"copied to {copy}: 0.")
    home.log(call(3))
    said = home.run("db", "restore", copy, answers="y\n")
    assert said.exit_code == 0, said.stderr
    kept, told = said.stdout.splitlines()
    assert ".before-" in kept
    assert told == (
        "restored: its last call began at 2026-11-21 12:00:02; 0 texts that waited are looked up, 0 sessions ended"
    )
    assert len(home.done("calls", "list", "--json").splitlines()) == 2
    with sqlite3.connect(kept.removeprefix("what was there is now ")) as before:
        assert before.execute("SELECT count(*) FROM calls").fetchone() == (3,)


def test_a_database_that_was_lost_can_be_put_back(home: Home) -> None:
    home.want()
    home.log(call(1))
    home.done("db", "backup", home.folder / "copy.db")
    for path in home.folder.glob("textback.db*"):
        path.unlink()
    home.done("db", "restore", "--yes", home.folder / "copy.db")
    assert len(home.done("calls", "list", "--json").splitlines()) == 1


def test_one_that_is_damaged_can_be_replaced(home: Home) -> None:
    home.want()
    home.done("db", "backup", home.folder / "copy.db")
    (home.folder / "textback.db").write_bytes(b"garbage" * 1000)
    home.done("db", "restore", "--yes", home.folder / "copy.db")
    home.done("db", "status")


def test_while_a_daemon_runs_nothing_is_put_back(home: Home) -> None:
    home.want()
    home.done("db", "backup", home.folder / "copy.db")
    home.change(lambda connection: senders.beat(connection, "host/1", 1, system_clock() - 5))
    home.log(call(1))
    refused = home.run("db", "restore", "--yes", home.folder / "copy.db")
    assert refused.exit_code == 1 and "stop it, or say --force" in refused.stderr
    assert len(home.done("calls", "list", "--json").splitlines()) == 1
    home.done("db", "restore", "--yes", "--force", home.folder / "copy.db")


def test_who_says_no_changes_nothing(home: Home) -> None:
    home.want()
    home.done("db", "backup", home.folder / "copy.db")
    home.change(lambda connection: calls.save(connection, [call(1)]))
    assert home.run("db", "restore", home.folder / "copy.db", answers="n\n").exit_code == 1
    assert len(home.done("calls", "list", "--json").splitlines()) == 1


def test_a_file_that_is_there_is_not_written_over(home: Home) -> None:
    home.want()
    home.write("copy.db", "precious")
    refused = home.run("db", "backup", home.folder / "copy.db")
    assert (refused.exit_code, "say --force" in refused.stderr) == (1, True)
    home.done("db", "backup", "--force", home.folder / "copy.db")
