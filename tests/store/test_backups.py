"""Copies: whole, private, of one moment; and put back only where they are whole and of this program."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, inspect, make_url, select

from textback.model import Status
from textback.store import backups, dumps, errands, marks, messages, migrations, people, practices, restoring
from textback.store import senders
from textback.store.engine import StoreError, open_engine, reading
from textback.store.staff_tables import audit
from textback.store.tables import links
from textback.store.tables import messages as texts

LINE, NOW = "+12025550100", 1795262400.0


def count(path: Path) -> int:
    with sqlite3.connect(path) as database:
        return int(database.execute("SELECT count(*) FROM links").fetchone()[0])


def fill(engine: Engine, rows: int, first: int = 0) -> None:
    with engine.begin() as conn:
        conn.execute(links.insert(), [{"pbx": f"p{n}", "seen_at": float(n)} for n in range(first, first + rows)])


def test_a_copy_is_private_and_whole(sqlite: Engine, database: Path, tmp_path: Path) -> None:
    fill(sqlite, 100)
    backups.backup(database, tmp_path / "copy.db")
    assert count(tmp_path / "copy.db") == 100
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("*copy*")) == ["copy.db"]


def test_what_was_deleted_is_not_in_it(sqlite: Engine, database: Path, tmp_path: Path) -> None:
    with sqlite.begin() as conn:
        conn.execute(links.insert(), {"pbx": "ANNABEL-LEEWAY", "seen_at": 1.0})
    with sqlite.begin() as conn:
        conn.execute(links.delete())
    backups.backup(database, tmp_path / "copy.db")
    assert b"ANNABEL-LEEWAY" not in (tmp_path / "copy.db").read_bytes()


def test_under_load_it_is_of_one_moment_and_nobody_waits(sqlite: Engine, database: Path, tmp_path: Path) -> None:
    stop, written = threading.Event(), 0

    def write() -> None:
        nonlocal written
        while not stop.is_set():
            # pairs: a copy in the midst of one would have an odd number
            fill(sqlite, 2, first=written)
            written += 2

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for nth in range(5):
            before = written
            backups.backup(database, tmp_path / f"{nth}.db")
            found = count(tmp_path / f"{nth}.db")
            assert found % 2 == 0 and before <= found <= written + 2
    finally:
        stop.set()
        thread.join()
    assert written > 10


def test_a_file_that_is_there_is_left_alone_unless_forced(sqlite: Engine, database: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(StoreError, match="is there already: name another file, or say --force"):
        backups.backup(database, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"
    backups.backup(database, tmp_path / "copy.db", force=True)
    assert count(tmp_path / "copy.db") == 0


def test_a_copy_that_fails_leaves_nothing_and_the_old_one(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copy.db").write_text("yesterday's")

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "_sync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        backups.backup(database, tmp_path / "copy.db", force=True)
    assert (tmp_path / "copy.db").read_text() == "yesterday's"
    assert [path.name for path in tmp_path.glob(".copy*")] == []


def test_a_folder_that_is_not_there_is_named(database: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="name a folder that this user may write to"):
        backups.backup(database, tmp_path / "no" / "copy.db")


@pytest.fixture
def backup(sqlite: Engine, database: Path, tmp_path: Path) -> Path:
    fill(sqlite, 3)
    sqlite.dispose()
    backups.backup(database, tmp_path / "backup.db")
    return tmp_path / "backup.db"


def nothing(conn: Connection) -> None:
    marks.put(conn, "seen", NOW)


def test_a_backup_takes_the_place_and_what_was_there_is_kept_beside(backup: Path, tmp_path: Path) -> None:
    place = tmp_path / "live.db"
    live = open_engine(f"sqlite:///{place}")
    migrations.upgrade(live)
    fill(live, 9)
    held = live.connect()  # a program that has it open, and its log beside it
    kept = backups.restore(backup, place, nothing, ".before")
    held.close()
    live.dispose()
    assert kept is not None
    assert (count(place), count(kept)) == (3, 9)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob(".*")) == []
    again = open_engine(f"sqlite:///{place}")
    with reading(again) as conn:
        assert marks.at(conn, "seen") == NOW
    again.dispose()


def test_it_can_be_put_where_nothing_was(backup: Path, tmp_path: Path) -> None:
    assert backups.restore(backup, tmp_path / "new.db", nothing, ".before") is None
    assert count(tmp_path / "new.db") == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_gives_it_to_whom_the_folder_belongs(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    os.chown(tmp_path / "var", 65534, 65534)
    backups.restore(backup, tmp_path / "var" / "textback.db", nothing, ".before")
    assert (tmp_path / "var" / "textback.db").stat().st_uid == 65534


@pytest.mark.parametrize("is_open", [False, True])
def test_what_was_there_is_whole_when_a_restore_is_killed_at_the_last_moment(
    backup: Path, database: Path, is_open: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    before = count(database)
    with closing(sqlite3.connect(database)) as other, monkeypatch.context() as patch:
        if is_open:  # and so the database is in several files
            other.execute("PRAGMA journal_mode = WAL")
            other.execute("BEGIN IMMEDIATE")
            other.execute("CREATE TABLE another (id INTEGER)")
            other.commit()
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            backups.restore(backup, database, nothing, ".before")
    kept = database.with_name(database.name + ".before")
    assert count(kept) == before
    assert is_open or count(database) == before
    backups.restore(backup, database, nothing, ".again")
    assert count(database) == 3


_NEWER = ("UPDATE alembic_version SET version_num = '9999'", "UPDATE series SET oldest = '9999'")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), "damaged"),
        (lambda path: path.write_text("-- PostgreSQL dump"), "no SQLite database, or it is damaged"),
        (lambda path: _sql(path, *_NEWER), "a newer version made it"),
        (lambda path: _sql(path, "DELETE FROM alembic_version"), "no database of textback"),
        (lambda path: path.unlink(), "there is no file"),
    ],
)
def test_what_cannot_be_put_back_changes_nothing(backup: Path, database: Path, spoil: object, said: str) -> None:
    spoil(backup)  # type: ignore[operator]
    before = database.read_bytes()
    with pytest.raises(StoreError, match=said):
        backups.restore(backup, database, nothing, ".before")
    assert database.read_bytes() == before
    assert list(database.parent.glob("*.before")) == list(database.parent.glob(".*")) == []


def _sql(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)


def test_a_backup_of_an_older_version_is_brought_up_to_date(backup: Path, tmp_path: Path) -> None:
    older = open_engine(f"sqlite:///{backup}")
    with older.begin() as conn:
        migrations.views().drop(conn)
        command.downgrade(migrations.alembic_config(conn), "-2")
        migrations.views().create(conn)
    older.dispose()
    backups.restore(backup, tmp_path / "new.db", nothing, ".before")
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
    assert migrations.status(engine).at_head
    engine.dispose()


def text(conn: Connection, status: Status, due_at: float) -> str:
    talk = people.conversation_for(conn, "Clinic", LINE, "+12025550111", NOW)
    return messages.add(conn, messages.NewMessage(
        conversation_id=talk, to_number="+12025550111", from_number=LINE, body="Hello", segments=1, encoding="GSM-7",
        created_at=NOW, due_at=due_at, practice="Clinic", status=status,
    ))  # fmt: skip


def test_what_may_have_left_since_is_doubted_and_the_rest_is_not(conn: Connection) -> None:
    due, later = text(conn, Status.QUEUED, NOW), text(conn, Status.QUEUED, NOW + 99)
    held, sent = text(conn, Status.HELD, NOW), text(conn, Status.SENT, NOW)
    senders.beat(conn, "host/1", 1, NOW)
    told = restoring.mark(conn, "lee", NOW + 50)
    assert told == restoring.Told(latest=None, doubtful=1, sessions=0)
    rows = {row.id: (row.status, row.claimed_by, row.attempts) for row in conn.execute(select(texts))}
    assert rows[due] == ("sending", restoring.BEFORE, 1)
    assert [rows[one][0] for one in (later, held, sent)] == ["queued", "held", "sent"]
    assert senders.beats(conn) == {}
    assert [(row.who, row.action) for row in conn.execute(select(audit))] == [("lee", "restored")]


def test_a_text_that_a_hook_asked_for_before_the_backup_is_not_asked_for_again(conn: Connection) -> None:
    asked = [{"kind": "TextRequested", "call_id": "main/1"}]
    errands.ask(conn, errands.Errand("e", "main", asked), NOW)
    restoring.mark(conn, "lee", NOW + 50)
    assert errands.waiting(conn, ["main"], NOW - 60) == []


@pytest.fixture
def server(fresh_url: str) -> Iterator[Engine]:
    """A database on a server whose own programs are here."""
    engine = open_engine(fresh_url)
    names = {"postgresql": ["pg_dump", "pg_restore"], "mariadb": ["mariadb-dump", "mariadb"]}.get(engine.dialect.name)
    if names is None:
        pytest.skip("a file is copied as one")
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {' and no '.join(missing)} to test with")
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


def test_a_server_is_copied_and_put_back_by_its_own_programs(server: Engine, tmp_path: Path) -> None:
    with server.begin() as conn:
        practices.put(conn, "Clinic", {"line": []}, "test", 0.0)
        waits = text(conn, Status.QUEUED, NOW)
    with backups.whole(tmp_path / "copy") as part:
        dumps.dump(server.url, part)
        backups.publish(part, tmp_path / "copy", force=False)
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    with server.begin() as conn:
        conn.execute(texts.delete())
        conn.exec_driver_sql("CREATE TABLE of_a_newer_version (x INTEGER)")
    server.dispose()
    dumps.load(server, tmp_path / "copy")
    assert migrations.upgrade(server) == []
    with server.begin() as conn:
        assert restoring.mark(conn, "lee", NOW + 9).doubtful == 1
        assert conn.execute(select(texts.c.id)).scalars().all() == [waits]
    if server.dialect.name == "mariadb":
        assert "of_a_newer_version" not in inspect(server).get_table_names()
    assert "missed_call_log" in inspect(server).get_view_names()


def test_what_is_no_copy_of_a_server_changes_nothing(server: Engine, tmp_path: Path) -> None:
    fill(server, 3)
    (tmp_path / "copy").write_bytes(b"SQLite format 3\0")
    with pytest.raises(StoreError):
        dumps.load(server, tmp_path / "copy")
    with reading(server) as conn:
        assert len(conn.execute(select(links)).all()) == 3


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_no_password_is_on_a_command_line(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    for name in ("pg_dump", "mariadb-dump"):
        (tmp_path / name).write_text(
            f'#!/bin/sh\necho "$@" > {seen}\n'
            'for one in "$@"; do case $one in --defaults-extra-file=*)'
            f' cat "${{one#*=}}" >> {seen}.kept;; esac; done\n'
            f'[ -z "$PGPASSFILE" ] || cat "$PGPASSFILE" >> {seen}.kept\n'
        )
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    dumps.dump(make_url(f"{kind}://textback:hunter%3A2@db.example:99/clinic"), tmp_path / "part")
    assert "hunter" not in seen.read_text() and "clinic" in seen.read_text() and "--port=99" in seen.read_text()
    assert "hunter" in (tmp_path / "seen.kept").read_text()


def test_a_program_that_is_missing_or_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = make_url("postgresql://textback:hunter2@db.example/clinic")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError) as missing:
        dumps.dump(url, tmp_path / "part")
    assert "install postgresql-client" in str(missing.value) and "hunter2" not in str(missing.value)
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'server version mismatch' >&2\nexit 1\n")
    (tmp_path / "pg_dump").chmod(0o755)
    with pytest.raises(StoreError, match="pg_dump failed: server version mismatch"):
        dumps.dump(url, tmp_path / "part")
