from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, select, text
from sqlalchemy.exc import IntegrityError

from textback.store import writer as module
from textback.store.engine import StoreError, open_engine, reading
from textback.store.tables import optouts
from textback.store.writer import GROUP, Writer

LOG = logging.getLogger("test.writer")
PATIENCE = 20.0  #: no test waits this long; it only ends a test that would hang
NOBODY = 65534


def add(number: str) -> Callable[[Connection], str]:
    def job(connection: Connection) -> str:
        connection.execute(optouts.insert(), {"number": number, "at": 1.0, "source": "test"})
        return number

    return job


def numbers(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.execute(select(optouts.c.number).order_by(text("rowid"))).scalars())


class Pauses:
    """Waits for nothing, notes how long it should have waited, and repairs the fault at the n-th wait."""

    def __init__(self, repair: Callable[[], object] = lambda: None, at: int = 3) -> None:
        self.delays: list[float] = []
        self.repair = repair
        self.at = at

    def __call__(self, ending: threading.Event, delay: float) -> None:
        self.delays.append(delay)
        if len(self.delays) == self.at:
            self.repair()
        assert len(self.delays) < 100, "the repair did not help"


@contextmanager
def running(engine: Engine, pause: Callable[[threading.Event, float], object]) -> Iterator[Writer]:
    writer = Writer(engine, LOG, clock=lambda: 1000.0, pause=pause)
    writer.start()
    yield writer
    writer.stop(PATIENCE)


@pytest.fixture
def never() -> Callable[[threading.Event, float], object]:
    def pause(ending: threading.Event, delay: float) -> None:
        raise AssertionError("there was no fault to wait for")

    return pause


def commits(engine: Engine) -> list[int]:
    counted: list[int] = []
    event.listen(engine, "commit", lambda connection: counted.append(1))
    return counted


def test_what_waits_is_committed_together_in_order(sqlite: Engine, never: Pauses) -> None:
    counted = commits(sqlite)
    writer = Writer(sqlite, LOG, pause=never)
    futures = [writer.submit(add(str(i))) for i in range(10)]
    writer.start()
    assert [future.result(PATIENCE) for future in futures] == [str(i) for i in range(10)]
    assert writer.stop(PATIENCE)
    assert numbers(sqlite) == [str(i) for i in range(10)]
    assert len(counted) == 1


def test_a_group_has_an_end(sqlite: Engine, never: Pauses) -> None:
    counted = commits(sqlite)
    writer = Writer(sqlite, LOG, pause=never)
    for i in range(GROUP + 1):
        writer.submit(add(str(i)))
    assert writer.backlog == GROUP + 1
    writer.start()
    assert writer.stop(PATIENCE)
    assert len(numbers(sqlite)) == GROUP + 1
    assert len(counted) == 2


def test_a_future_resolves_only_after_the_commit(sqlite: Engine, never: Pauses) -> None:
    seen: list[bool] = []
    writer = Writer(sqlite, LOG, pause=never)
    futures = [writer.submit(add(str(i))) for i in range(3)]
    event.listen(sqlite, "commit", lambda connection: seen.extend(future.done() for future in futures))
    writer.start()
    assert futures[-1].result(PATIENCE) == "2"
    assert seen == [False, False, False]
    assert writer.stop(PATIENCE)


def test_a_job_that_fails_fails_alone(sqlite: Engine, never: Pauses) -> None:
    def broken(connection: Connection) -> None:
        add("half done")(connection)
        raise ZeroDivisionError("a mistake of this job")

    writer = Writer(sqlite, LOG, pause=never)
    good, bad = writer.submit(add("1")), writer.submit(broken)
    twice, last = writer.submit(add("1")), writer.submit(add("2"))
    writer.start()
    assert (good.result(PATIENCE), last.result(PATIENCE)) == ("1", "2")
    with pytest.raises(ZeroDivisionError, match="a mistake of this job"):
        bad.result(PATIENCE)
    with pytest.raises(IntegrityError):
        twice.result(PATIENCE)
    assert writer.stop(PATIENCE)
    assert numbers(sqlite) == ["1", "2"]
    assert writer.failing_since is None


def test_faulty_sql_is_told_to_its_job_and_holds_up_nobody(sqlite: Engine, never: Pauses) -> None:
    with running(sqlite, never) as writer:
        wrong = writer.submit(lambda connection: connection.exec_driver_sql("SELECT nonsense"))
        right = writer.submit(add("1"))
        with pytest.raises(Exception, match="no such column"):
            wrong.result(PATIENCE)
        assert right.result(PATIENCE) == "1"


def test_a_lock_held_by_another_program_is_waited_out(
    sqlite: Engine, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    pauses = Pauses(repair=lambda: other.execute("ROLLBACK"), at=8)
    with running(sqlite, pauses) as writer, caplog.at_level(logging.INFO):
        assert writer.submit(add("+12025550111")).result(PATIENCE) == "+12025550111"
        assert writer.failing_since is None
    assert numbers(sqlite) == ["+12025550111"]
    assert pauses.delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "the database does not take what is written: database is locked; trying again",
        "the database is back after 0.0 s; nothing was lost",
    ]


def test_health_can_see_since_when_the_database_fails(sqlite: Engine, database: Path) -> None:
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    seen: list[float | None] = []

    def pause(ending: threading.Event, delay: float) -> None:
        seen.append(writer.failing_since)
        other.execute("ROLLBACK")

    writer = Writer(sqlite, LOG, clock=lambda: 1000.0, pause=pause)
    writer.start()
    assert writer.submit(add("1")).result(PATIENCE) == "1"
    assert writer.stop(PATIENCE)
    assert seen == [1000.0]


def test_each_outage_is_told_once(sqlite: Engine, database: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    with caplog.at_level(logging.INFO):
        for number in ("1", "2"):
            other.execute("BEGIN IMMEDIATE")
            with running(sqlite, Pauses(repair=lambda: other.execute("ROLLBACK"))) as writer:
                assert writer.submit(add(number)).result(PATIENCE) == number
    assert len(caplog.records) == 4


def test_a_directory_that_vanishes_and_returns_costs_nothing(sqlite: Engine, database: Path) -> None:
    home, away = database.parent, database.parent.with_name("away")
    pauses = Pauses(repair=lambda: away.rename(home))
    with running(sqlite, pauses) as writer:
        assert writer.submit(add("before")).result(PATIENCE) == "before"
        home.rename(away)
        assert writer.submit(add("meanwhile")).result(PATIENCE) == "meanwhile"
    assert len(pauses.delays) == 3
    assert numbers(sqlite) == ["before", "meanwhile"]


def test_a_full_disk_is_waited_out(sqlite: Engine) -> None:
    room = [10]  # pages; the tables alone need more
    event.listen(
        sqlite, "connect", lambda raw, record: raw.execute(f"PRAGMA max_page_count = {room[0]}").close()
    )
    long = "x" * 100_000
    pauses = Pauses(repair=lambda: room.__setitem__(0, 100_000))
    with running(sqlite, pauses) as writer:
        assert writer.submit(add(long)).result(PATIENCE) == long
    assert len(pauses.delays) == 3
    assert numbers(sqlite) == [long]


@pytest.fixture
def unprivileged(migrated: Path) -> Iterator[Path]:
    """A database of a user who is not root, to whom file permissions mean nothing."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        database = Path(shutil.copy(migrated, folder))
        if os.geteuid() == 0:
            os.chown(database, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        yield database
        os.seteuid(os.getuid())


def test_a_file_made_read_only_is_waited_out_until_somebody_puts_it_right(unprivileged: Path) -> None:
    def permit(mode: int) -> None:
        for file in unprivileged.parent.iterdir():
            file.chmod(mode)

    permit(0o444)
    engine = open_engine(f"sqlite:///{unprivileged}", busy_timeout=0)
    pauses = Pauses(repair=lambda: permit(0o600))
    with running(engine, pauses) as writer:
        assert writer.submit(add("1")).result(PATIENCE) == "1"
    assert len(pauses.delays) == 3
    assert numbers(engine) == ["1"]
    engine.dispose()


def test_stopping_writes_what_waits_and_then_takes_no_more(sqlite: Engine, never: Pauses) -> None:
    writer = Writer(sqlite, LOG, pause=never)
    for i in range(300):
        writer.submit(add(str(i)))
    writer.start()
    assert writer.stop(PATIENCE)
    assert len(numbers(sqlite)) == 300
    with pytest.raises(StoreError, match="stopping") as caught:
        writer.submit(add("late"))
    assert caught.value.temporary


def test_stopping_does_not_wait_for_the_next_attempt(sqlite: Engine, database: Path) -> None:
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    waits = threading.Event()

    def long_pause(ending: threading.Event, delay: float) -> None:
        waits.set()
        assert ending.wait(PATIENCE), "nobody ended the pause"

    writer = Writer(sqlite, LOG, pause=long_pause)
    writer.start()
    future = writer.submit(add("1"))
    assert waits.wait(PATIENCE)
    other.execute("ROLLBACK")
    assert writer.stop(PATIENCE)
    assert future.result(0) == "1"


def test_stopping_gives_up_on_a_database_that_stays_away(sqlite: Engine, database: Path) -> None:
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    writer = Writer(sqlite, LOG)
    futures = [writer.submit(add(str(i))) for i in range(GROUP + 5)]
    writer.start()
    assert not writer.stop(timeout=0)
    for future in futures:
        error = future.exception(0)
        assert isinstance(error, StoreError) and error.temporary
    other.execute("ROLLBACK")
    assert numbers(sqlite) == []


def test_stopping_gives_up_on_a_statement_that_hangs(
    sqlite: Engine, monkeypatch: pytest.MonkeyPatch, never: Pauses
) -> None:
    monkeypatch.setattr(module, "GRACE", 0)
    begun, release = threading.Event(), threading.Event()

    def hangs(connection: Connection) -> None:
        begun.set()
        assert release.wait(PATIENCE)

    writer = Writer(sqlite, LOG, pause=never)
    writer.start()
    hung = writer.submit(hangs)
    assert begun.wait(PATIENCE)
    behind = writer.submit(add("behind"))
    assert not writer.stop(timeout=0)
    assert isinstance(hung.exception(0), StoreError)
    assert isinstance(behind.exception(0), StoreError)
    release.set()
    assert writer.stop(PATIENCE)
    assert numbers(sqlite) == []


def test_a_writer_that_never_started_can_be_stopped(sqlite: Engine) -> None:
    writer = Writer(sqlite, LOG)
    future = writer.submit(add("1"))
    assert not writer.stop()
    assert isinstance(future.exception(0), StoreError)


def test_asynchronous_code_waits_for_the_commit(sqlite: Engine, never: Pauses) -> None:
    with running(sqlite, never) as writer:
        assert asyncio.run(writer.run(add("1"))) == "1"
    assert numbers(sqlite) == ["1"]


def test_a_job_whose_caller_went_away_is_written_all_the_same(sqlite: Engine, never: Pauses) -> None:
    writer = Writer(sqlite, LOG, pause=never)

    async def leave() -> None:
        task = asyncio.create_task(writer.run(add("1")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    writer.start()
    assert writer.stop(PATIENCE)
    assert numbers(sqlite) == ["1"]
