from __future__ import annotations

import sqlite3

from .conftest import Home


def test_upgrade_makes_the_database_and_then_has_nothing_to_do(home: Home) -> None:
    first, second = home.done("db", "upgrade"), home.done("db", "upgrade")
    assert first.startswith("upgraded to 0001\n")
    assert second.startswith("already at ")
    assert home.done("db", "status").startswith("revision ")


def test_an_old_database_is_told_by_status_and_put_right_by_upgrade(home: Home) -> None:
    sqlite3.connect(home.folder / "textback.db").close()
    (home.folder / "textback.db").touch()
    result = home.run("db", "status")
    assert (result.exit_code, "run `textback db upgrade`" in result.stderr) == (1, True)
    home.done("db", "upgrade")
    home.done("db", "status")


def test_a_database_of_a_newer_version_is_told_to_be_one(home: Home) -> None:
    home.done("db", "upgrade")
    with sqlite3.connect(home.folder / "textback.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert home.done("db", "upgrade").startswith("already at 9999, made by a newer version; this one knows 00")
