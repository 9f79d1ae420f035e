from __future__ import annotations

import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from textback.store.engine import StoreError, file_of, limit_silence, open_engine, reading
from textback.store.faults import is_fault
from textback.store.tables import optouts

OPTOUT = {"number": "+12025550111", "at": 1.0, "source": "test"}


def test_sqlite_is_opened_so_that_what_was_committed_survives_a_power_cut(sqlite: Engine) -> None:
    with reading(sqlite) as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_transaction_that_only_reads_first_holds_the_write_lock_all_the_same(sqlite: Engine) -> None:
    with sqlite.begin() as first:
        first.execute(select(optouts)).all()
        with pytest.raises(OperationalError, match="locked"), sqlite.begin():
            pytest.fail("two programs are about to write the same row")


def test_reading_needs_no_write_lock(sqlite: Engine) -> None:
    with sqlite.begin() as writing:
        writing.execute(optouts.insert(), OPTOUT)
        with reading(sqlite) as connection:
            assert connection.execute(select(optouts)).all() == []


def test_rows_that_many_threads_claim_are_claimed_once_each(database: Path) -> None:
    engine = open_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        connection.execute(optouts.insert(), [OPTOUT | {"number": str(i)} for i in range(80)])

    def claim() -> list[str]:
        claimed: list[str] = []
        while True:
            with engine.begin() as connection:
                free = connection.execute(select(optouts).where(optouts.c.source == "test").limit(1)).first()
                if free is None:
                    return claimed
                connection.execute(update(optouts).where(optouts.c.number == free.number), {"source": "done"})
            claimed.append(free.number)

    with ThreadPoolExecutor(4) as pool:
        claims = [number for future in [pool.submit(claim) for _ in range(4)] for number in future.result(60)]
    engine.dispose()
    assert sorted(claims) == sorted(str(i) for i in range(80))


def test_a_database_in_memory_is_the_same_in_every_thread() -> None:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        optouts.create(connection)

    def add(number: int) -> None:
        with engine.begin() as connection:
            connection.execute(optouts.insert(), OPTOUT | {"number": str(number)})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with reading(engine) as connection:
        assert len(connection.execute(select(optouts)).all()) == 8


def test_two_databases_in_memory_are_two() -> None:
    one, other = open_engine("sqlite://"), open_engine("sqlite:///:memory:")
    with one.begin() as connection:
        optouts.create(connection)
    with reading(other) as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0
    assert file_of(one) is None


def test_a_new_file_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "new 100%.db"
    path.parent.mkdir()
    engine = open_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        optouts.create(connection)
    assert path.stat().st_mode & 0o777 == 0o600
    assert file_of(engine) == path


def test_nothing_is_written_to_a_file_that_was_deleted(sqlite: Engine, database: Path) -> None:
    with sqlite.begin() as connection:
        connection.execute(optouts.insert(), OPTOUT)
    database.unlink()
    with pytest.raises(OperationalError, match="unable to open database file") as caught, sqlite.begin():
        pytest.fail("a transaction began on a file that nobody will ever see again")
    assert is_fault(caught.value)
    assert not database.exists()


def test_a_backup_that_was_put_in_place_is_used_from_then_on(
    sqlite: Engine, database: Path, migrated: Path
) -> None:
    with sqlite.begin() as connection:
        connection.execute(optouts.insert(), OPTOUT)
    backup = database.with_name("backup.db")
    backup.write_bytes(migrated.read_bytes())
    for leftover in database.parent.glob("textback.db*"):
        leftover.unlink()
    backup.rename(database)
    with reading(sqlite) as connection:
        assert connection.execute(select(optouts)).all() == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not a url", "database.url is no database URL"),
        ("nosuchkind://user:hunter2@host/db", "unknown kind of database 'nosuchkind'"),
        ("postgresql://user:hunter2@host/db", "pip install 'psycopg[binary]'"),
    ],
)
def test_a_wrong_url_is_explained_without_its_password(
    url: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError) as caught:
        open_engine(url)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_a_fault(database: Path, sqlite: Engine) -> None:
    database.write_bytes(b"<html>not a database at all</html>" * 100)
    with pytest.raises(DBAPIError) as caught, sqlite.begin():
        pytest.fail("this is no database")
    assert isinstance(caught.value.orig, sqlite3.DatabaseError)
    assert is_fault(caught.value)


def test_looking_neither_makes_a_file_nor_changes_one(tmp_path: Path) -> None:
    missing, other = tmp_path / "missing.db", tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = other.read_bytes()
    with pytest.raises(OperationalError), open_engine(f"sqlite:///{missing}", looking=True).connect():
        pytest.fail("a file was made")
    engine = open_engine(f"sqlite:///{other}", looking=True)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 0
    engine.dispose()
    assert other.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


@pytest.mark.parametrize("kept", ["off", "local", "remote_apply"])
def test_what_postgresql_has_taken_is_on_its_disk_whatever_is_set_for_others(engine: Engine, kept: str) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL has that")
    url = engine.url.update_query_dict({"options": f"-c synchronous_commit={kept}"})
    ours = open_engine(url.render_as_string(hide_password=False))
    with ours.connect() as connection:
        told = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    ours.dispose()
    assert told == ("remote_apply" if kept == "remote_apply" else "on")


def test_a_limit_of_silence_holds_on_a_connection_that_first_only_looked(engine: Engine) -> None:
    """A SET is undone with the transaction that it stands in."""
    name = {"postgresql": "idle_in_transaction_session_timeout", "mariadb": "idle_transaction_timeout"}
    if (setting := name.get(engine.dialect.name)) is None:
        pytest.skip("SQLite has none")
    limit_silence(engine, 7.0)
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    with engine.connect() as connection:
        ask = f"SHOW {setting}" if engine.dialect.name == "postgresql" else f"SELECT @@{setting}"
        assert str(connection.exec_driver_sql(ask).scalar()) in ("7s", "7")


def test_postgresql_compiles_no_query_whoever_connects(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL would")
    with engine.connect() as first, engine.connect() as second:
        assert [one.exec_driver_sql("SHOW jit").scalar() for one in (first, second)] == ["off", "off"]
