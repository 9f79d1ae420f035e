from __future__ import annotations

import logging
import sqlite3
from typing import Any

import pymysql
import pytest
from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, TimeoutError as PoolTimeout

from tests.servers import Server
from textback.store.engine import open_engine
from textback.store.faults import code_of, describe, is_fault
from textback.store.tables import optouts
from textback.store.writer import Writer

NUMBER = "+12025550111"
OPTOUT: dict[str, Any] = {"number": NUMBER, "at": 1.0, "source": "test"}
UNIQUE = {
    "sqlite": "UNIQUE constraint failed: optouts.number",
    "postgresql": 'duplicate key value violates unique constraint "pk_optouts"',
    "mariadb": "Duplicate entry ... for key 'PRIMARY'",
}


@pytest.fixture(params=["postgresql", "mariadb"])
def served(request: pytest.FixtureRequest) -> str:
    """The URL of a database of a server."""
    server: Server = request.getfixturevalue(request.param)
    return server.emptied()


def refused(engine: Engine, statement: Any, *values: Any) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
        connection.execute(text(statement) if isinstance(statement, str) else statement, *values)
    return caught.value


@pytest.mark.parametrize(
    "wrong",
    [
        "SELECT nonsense FROM optouts",
        "SELEC",
        "INSERT INTO optouts (number) VALUES (NULL)",
        "SELECT number FROM optouts a, optouts b",
        "INSERT INTO optouts (number, at) VALUES ('1')",
        "SELECT no_such_function(number) FROM optouts",
        "SELECT number FROM optouts GROUP BY no_such_column",
    ],
)
def test_the_mistakes_of_a_statement_are_no_faults_of_the_database(engine: Engine, wrong: str) -> None:
    assert not is_fault(refused(engine, wrong))


def test_words_of_a_caller_make_no_fault_of_a_mistake() -> None:
    for cause in (
        pymysql.err.OperationalError(1366, "Incorrect string value: 'SAVEPOINT x does not exist' for column"),
        pymysql.err.OperationalError(1305, "FUNCTION textback.savepoint does not exist"),
    ):
        assert not is_fault(OperationalError("INSERT", {}, cause))


@pytest.mark.parametrize(
    "cause",
    [
        pymysql.err.OperationalError(1305, "SAVEPOINT sa_savepoint_1 does not exist"),
        sqlite3.OperationalError("no such savepoint: sa_savepoint_1"),
    ],
)
def test_a_savepoint_that_a_deadlock_has_taken_away_is_no_mistake_of_a_statement(cause: Exception) -> None:
    assert is_fault(OperationalError("ROLLBACK TO SAVEPOINT sa_savepoint_1", {}, cause))


def test_what_is_no_error_of_a_database_is_no_fault_but_waiting_in_vain_for_a_connection_is_one() -> None:
    assert not is_fault(ValueError("no database at all"))
    assert is_fault(PoolTimeout("all are in use"))
    assert code_of(ValueError("no database at all")) == ""


def test_a_missing_table_is_a_fault_because_the_calls_must_not_be_lost(engine: Engine) -> None:
    assert is_fault(refused(engine, "SELECT * FROM put_away"))


def test_errors_never_show_the_values_of_a_statement(engine: Engine) -> None:
    error = refused(engine, optouts.insert(), [OPTOUT, OPTOUT])
    assert isinstance(error, IntegrityError)
    assert "2025550111" not in str(error) + str(error.orig) + repr(error.orig)
    assert describe(error) == UNIQUE[engine.dialect.name]


def test_what_a_server_says_of_values_that_do_not_fit_is_no_fault_and_does_not_show_them(served: str) -> None:
    engine = open_engine(served)
    too_long = refused(engine, optouts.insert(), OPTOUT | {"number": NUMBER * 9})
    no_number = refused(engine, text("INSERT INTO practices (version) VALUES (:wrong)"), {"wrong": NUMBER + "x"})
    nonsense = refused(engine, text("SELECT 1 WHERE '+12025550111' SELEC"))
    for error in (too_long, no_number, nonsense):
        assert not is_fault(error)
        assert "2025550111" not in f"{error.orig!s} {error.orig!r} {describe(error)}"
    engine.dispose()


def test_a_row_that_another_program_holds_is_a_fault_and_waited_for(served: str) -> None:
    engine = open_engine(served)
    with engine.begin() as connection:
        connection.execute(optouts.insert(), OPTOUT)
    short = {"postgresql": "SET LOCAL lock_timeout = 1", "mariadb": "SET innodb_lock_wait_timeout = 0"}

    def impatient(connection: Connection) -> None:
        connection.execute(text(short[engine.dialect.name]))
        connection.execute(update(optouts).values(source="mine"))

    holder = engine.connect()
    holder.execute(update(optouts).values(source="theirs"))
    delays: list[float] = []

    def let_go(ending: object, delay: float) -> None:
        delays.append(delay)
        holder.close()

    writer = Writer(engine, logging.getLogger("test.faults"), pause=let_go)
    writer.start()
    writer.submit(impatient).result(20)
    writer.stop()
    with engine.begin() as connection:
        assert connection.execute(select(optouts.c.source)).scalars().all() == ["mine"]
    assert delays == [0.1]
    engine.dispose()


def test_a_server_that_is_not_there_is_a_fault_and_its_password_is_not_told() -> None:
    for url in ("postgresql://us:hunter2@127.0.0.1:1/db", "mariadb://us:hunter2@127.0.0.1:1/db"):
        pytest.importorskip("psycopg" if url.startswith("postgresql") else "pymysql")
        with pytest.raises(DBAPIError) as caught:
            open_engine(url).connect()
        assert is_fault(caught.value)
        assert "hunter2" not in str(caught.value)
