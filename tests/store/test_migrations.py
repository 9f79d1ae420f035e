from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

import textback
from textback import shipped
from textback.store import migrations
from textback.store.engine import StoreError, open_engine, reading
from textback.store.migrations import OLDEST, SchemaStatus, status, upgrade

ALL = sorted(path.name[:4] for path in (Path(__file__).parents[2] / "sql" / "versions").glob("[0-9]*.py"))
HEAD = ALL[-1]
SOURCE = Path(textback.__file__).resolve().parent
UPGRADE = """
import sys
from textback.store import migrations
from textback.store.engine import open_engine
engine = open_engine(sys.argv[1])
print(migrations.upgrade(engine), migrations.status(engine).at_head)
"""


def fresh(tmp_path: Path) -> Engine:
    return open_engine(f"sqlite:///{tmp_path / 'fresh.db'}", busy_timeout=0)


@pytest.fixture
def empty(fresh_url: str) -> Iterator[Engine]:
    """A database without tables, of each kind."""
    engine = open_engine(fresh_url, busy_timeout=0)
    yield engine
    engine.dispose()


def test_an_empty_database_is_brought_to_the_head_and_then_left_alone(empty: Engine) -> None:
    assert upgrade(empty) == ALL
    assert upgrade(empty) == []
    assert status(empty) == SchemaStatus(current=HEAD, head=HEAD, at_head=True, newer=False)


def test_a_database_in_memory_can_be_upgraded() -> None:
    engine = open_engine("sqlite://")
    assert upgrade(engine) == ALL
    assert status(engine).at_head


def test_asking_for_the_status_makes_no_file(tmp_path: Path) -> None:
    engine = fresh(tmp_path)
    with pytest.raises(StoreError, match="make it with `textback db upgrade`"):
        status(engine)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_behind(tmp_path: Path) -> None:
    (tmp_path / "fresh.db").touch()
    assert status(fresh(tmp_path)) == SchemaStatus(current=None, head=HEAD, at_head=False, newer=False)


def test_a_database_newer_than_the_program_is_refused_and_not_touched(empty: Engine) -> None:
    upgrade(empty)
    with empty.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("UPDATE series SET oldest = '9998'")
    assert status(empty) == SchemaStatus(current="9999", head=HEAD, at_head=False, newer=True)
    with pytest.raises(StoreError, match="revision 9999.*a newer version made it") as caught:
        upgrade(empty)
    assert not caught.value.temporary
    assert status(empty).current == "9999"


def test_a_program_goes_on_beside_a_newer_one_that_lets_it(empty: Engine) -> None:
    upgrade(empty)
    assert OLDEST <= HEAD
    with empty.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert status(empty) == SchemaStatus(current="9999", head=HEAD, at_head=True, newer=False, beside=True)
    assert upgrade(empty) == [] and status(empty).current == "9999"


def test_a_newer_database_that_says_nothing_is_nobody_elses(empty: Engine) -> None:
    upgrade(empty)
    for change in ("DELETE FROM series", "DROP TABLE series"):
        with empty.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
            connection.exec_driver_sql(change)
        assert status(empty).newer


def test_a_locked_database_is_refused_for_now(sqlite: Engine, database: Path) -> None:
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program holds the database") as caught:
        upgrade(sqlite)
    assert caught.value.temporary
    other.execute("ROLLBACK")
    assert upgrade(sqlite) == []


def test_a_database_that_cannot_be_written_is_refused_even_at_the_head(database: Path) -> None:
    engine = open_engine(f"sqlite:///file:{database}?mode=ro&uri=true")
    with pytest.raises(StoreError, match="give this user the right to write the file") as caught:
        upgrade(engine)
    assert str(database) in str(caught.value)
    assert status(engine).at_head


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(StoreError, match="see that the folder exists"):
        upgrade(engine)


def test_something_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fresh.db").write_text("{}" * 1000)
    with pytest.raises(StoreError, match="this is no SQLite database"):
        upgrade(fresh(tmp_path))
    assert (tmp_path / "fresh.db").read_text() == "{}" * 1000


def test_tables_of_another_program_are_refused_and_nothing_is_left_half_done(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE messages (somebody_elses TEXT)")
    with pytest.raises(StoreError, match="not made by textback"):
        upgrade(empty)
    if empty.dialect.name != "mariadb":  # which commits each table at once
        assert inspect(empty).get_table_names() == ["messages"]


def test_an_upgrade_that_failed_holds_up_no_other(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrations.views(), "drop", lambda connection: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            upgrade(empty)
    other = open_engine(empty.url.render_as_string(hide_password=False))
    assert upgrade(other) == ALL
    other.dispose()


def test_two_programs_that_upgrade_at_once_do_it_once(fresh_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        script = [sys.executable, "-c", UPGRADE, fresh_url]
        runs = [pool.submit(subprocess.run, script, capture_output=True, text=True) for _ in range(2)]
        said = sorted(run.result(120).stdout.strip() for run in runs)
    assert said == [f"{ALL} True", "[] True"]


def test_foreign_keys_hold_again_after_an_upgrade(tmp_path: Path) -> None:
    engine = fresh(tmp_path)
    upgrade(engine)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("layout", ["source tree", "installed"])
def test_the_migrations_are_found_from_any_directory(layout: str, tmp_path: Path) -> None:
    sql = Path(str(migrations.package().__path__[0]))
    root = tmp_path / "root" / "daemon"
    shutil.copytree(SOURCE, root / "textback", ignore=shutil.ignore_patterns("__pycache__"))
    beside = root.parent / "sql" if layout == "source tree" else root / "textback" / "sql"
    shutil.copytree(sql, beside, ignore=shutil.ignore_patterns("__pycache__"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run = subprocess.run(
        [sys.executable, "-c", UPGRADE, "sqlite:///here.db"],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (run.stdout.strip(), run.stderr) == (f"{ALL} True", "")
    assert (elsewhere / "here.db").exists()


def test_an_installation_without_its_migrations_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise shipped.Incomplete(f"installed without textback.{name}")

    monkeypatch.setattr(shipped, "package", missing)
    with pytest.raises(StoreError, match="installed without textback.sql"):
        migrations.package()
