"""How a database is opened, of whichever kind."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from textback.store import reaching
from textback.store.faults import hide_values

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mariadb+pymysql",
    "mariadb": "mariadb+pymysql",
}
_PACKAGES = {"postgresql+psycopg": "'psycopg[binary]'", "mariadb+pymysql": "pymysql"}
_READS = "textback_reads"
#: MariaDB must refuse what doesn't fit, whatever its own configuration says.
_SQL_MODE = "TRADITIONAL"
#: What is stricter than "on" stays.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)
#: MariaDB's and PostgreSQL's own words for how long a transaction may say nothing
_LIMITS = (
    "SET SESSION idle_transaction_timeout = {seconds:.0f}",
    "SET idle_in_transaction_session_timeout = {ms:.0f}",
)
_dumps = json.JSONEncoder(separators=(",", ":")).encode


class StoreError(Exception):
    """The database cannot do what is asked; ``temporary``: the same may work later, unchanged."""

    def __init__(self, message: str, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


def open_engine(url: str, *, busy_timeout: float = 5.0, looking: bool = False) -> Engine:
    """Open a database by its SQLAlchemy URL; nothing is connected yet.

    ``busy_timeout``: seconds that SQLite waits for another program's lock; ``looking``: nothing will be written,
    so a SQLite file is neither made nor changed, and may be read-only. Raises ``StoreError`` for an URL that
    cannot be read or a driver that is not installed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("database.url is no database URL: expected, say, sqlite:///textback.db") from None
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    try:
        if parsed.get_backend_name() == "sqlite":
            return _open_sqlite(parsed, busy_timeout, looking)
        return _open_server(parsed)
    except ImportError as error:  # psycopg without the library of PostgreSQL is no ModuleNotFoundError
        package = _PACKAGES.get(parsed.drivername, error.name)
        raise StoreError(f"{parsed.drivername} needs a package: pip install {package}") from error
    except NoSuchModuleError as error:
        raise StoreError(f"unknown kind of database {parsed.drivername!r}") from error


def file_of(engine: Engine) -> Path | None:
    """The file of a SQLite database; None for a server and for a database in memory."""
    url = engine.url
    if url.get_backend_name() != "sqlite" or _in_memory(url):
        return None
    return Path(str(url.database).removeprefix("file:")).absolute()


def reopen(engine: Engine) -> None:
    """Let go of every connection: one that was opened read-only, say, stays so when the file is put right."""
    if engine.url.get_backend_name() != "sqlite" or not _in_memory(engine.url):
        engine.dispose()


def limit_silence(engine: Engine, seconds: float) -> None:
    """Have a server end a transaction in which nothing is said for so long: who hangs there holds up nobody else."""
    if engine.dialect.name != "sqlite":
        limit = _LIMITS[engine.dialect.name == "postgresql"].format(seconds=seconds, ms=seconds * 1000)
        event.listen(engine, "connect", lambda raw, record: _say(raw, limit))
        engine.dispose()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads: on SQLite it takes no write lock, and so works on a read-only file."""
    with engine.connect() as connection:
        yield connection.execution_options(**{_READS: True})


def _open_server(url: URL) -> Engine:
    options: dict[str, Any] = {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
    is_postgresql = url.get_backend_name() == "postgresql"
    # what the URL says itself holds
    told = {key: value for key, value in reaching.arguments(url.get_backend_name()).items() if key not in url.query}
    options["connect_args"] = told | ({} if is_postgresql else {"sql_mode": _SQL_MODE})
    engine = create_engine(url, hide_parameters=True, json_serializer=_dumps, **options)
    event.listen(engine, "handle_error", hide_values)
    if is_postgresql:
        event.listen(engine, "connect", _set_up_postgresql)
    else:
        event.listen(engine, "connect", lambda raw, record: reaching.watch(raw))
    return engine


def _say(raw: Any, statement: str) -> None:
    cursor = raw.cursor()
    cursor.execute(statement)
    cursor.close()
    raw.commit()  # else it is undone with the first transaction that is


def _set_up_postgresql(raw: Any, record: Any) -> None:
    """A COMMIT is on the disk when it is answered; and nothing is compiled, which takes 100 ms for a query of 2."""
    raw.execute("SET jit = off")
    raw.execute(_DURABLE)
    raw.commit()


def _open_sqlite(url: URL, busy_timeout: float, looking: bool) -> Engine:
    connect_args = {"isolation_level": None, "check_same_thread": False}
    options: dict[str, Any] = {}
    if _in_memory(url):
        # The one connection is the database; the second thread waits until the first has given it back.
        options = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0, "pool_timeout": 10}
    engine = create_engine(
        url, connect_args=connect_args, hide_parameters=True, json_serializer=_dumps, **options
    )
    event.listen(engine, "connect", lambda raw, record: _set_up(raw, busy_timeout, looking))
    event.listen(engine, "begin", _begin)
    path = file_of(engine)
    if path is not None and not str(url.database).startswith("file:"):
        _SqliteFile(path, looking).watch(engine)
    return engine


def _in_memory(url: URL) -> bool:
    return not url.database or ":memory:" in url.database or url.query.get("mode") == "memory"


def _set_up(raw: Any, busy_timeout: float, looking: bool) -> None:
    raw.execute(f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}")
    raw.execute("PRAGMA foreign_keys = ON")
    # SQLite's own knows the letters of ASCII alone: nobody would find Álvaro
    raw.create_function("lower", 1, _lower, deterministic=True)
    raw.execute("PRAGMA synchronous = FULL")
    if not looking and raw.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        raw.execute("PRAGMA journal_mode = WAL")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin(connection: Connection) -> None:
    """SQLite's own default would let two programs read the same row and then both write it."""
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


class _SqliteFile:
    """The file of a SQLite database: made private once, and noticed when it is no longer the one in use.

    SQLite itself goes on writing, without a word, to a file that somebody deleted or moved away.
    """

    def __init__(self, path: Path, looking: bool) -> None:
        self.path = path
        self.looking = looking
        self.seen = False

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "do_connect", self._before_connect)
        event.listen(engine, "connect", self._after_connect)
        event.listen(engine, "checkout", self._check)

    def _before_connect(self, dialect: Any, record: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
        if not self.seen and not self.looking:
            with suppress(OSError):  # SQLite says better why it cannot
                os.close(os.open(self.path, os.O_CREAT | os.O_RDONLY, 0o600))
        args[:] = [f"file:{quote(str(self.path))}?{self._mode()}"]
        kwargs["uri"] = True

    def _mode(self) -> str:
        if not self.looking or os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK):
            return "mode=rw"
        # SQLite cannot make the files beside it that WAL needs: without them, nobody else is writing either
        beside = self.path.with_name(self.path.name + "-wal").exists()
        return "mode=ro" if beside else "mode=ro&immutable=1"

    def _after_connect(self, raw: Any, record: Any) -> None:
        record.info["file"] = self._identity()
        self.seen = True

    def _check(self, raw: Any, record: Any, proxy: Any) -> None:
        if record.info["file"] != self._identity():
            raise DisconnectionError(f"{self.path} was moved or deleted")

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_dev, found.st_ino
