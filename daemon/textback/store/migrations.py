"""Brings a database to the tables of this program, by the Alembic scripts in ``sql/``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, delete, insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from textback import shipped
from textback.store import resuming  # noqa: F401  by being there it is Alembic's way to MariaDB
from textback.store.engine import StoreError, file_of, reading
from textback.store.faults import code_of, describe, is_fault
from textback.store.shared_tables import series

_MARIADB = ("mysql", "mariadb")
#: Ids and numbers are the same only if every character is, as in the other databases, and names have any character.
_EXACT = "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"


#: The newest migration of the oldest program that may work on the tables of this one. As long as migrations only add
#: tables, indices, and columns that are empty or have a default, it stays as it is: during an upgrade, daemons of
#: both versions run beside each other.
OLDEST = "0012"


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where a database stands: ``at_head`` if this program can work on it, ``newer`` if a newer one must.

    ``beside``: a newer program made it, and says that this one may go on beside it.
    """

    current: str | None
    head: str
    at_head: bool
    newer: bool
    beside: bool = False


def upgrade(engine: Engine) -> list[str]:
    """Bring the database to this program's revision, all or nothing; gives the revisions applied, in order.

    MariaDB commits each change of a table at once: there, a power cut may leave one revision half done, and the next
    upgrade does the rest of it.
    Raises ``StoreError`` for a database that is newer than the program, locked, or not writable.
    """
    try:
        with _alone(engine) as connection:
            return _upgrade(connection)
    except SQLAlchemyError as error:
        raise _refusal(engine, error) from error


def status(engine: Engine) -> SchemaStatus:
    """Say where the database stands, without writing to it; raises ``StoreError`` if it cannot be read."""
    path = file_of(engine)
    if path is not None and not path.exists():
        raise StoreError(f"there is no database at {path}: make it with `textback db upgrade`")
    try:
        with reading(engine) as connection:
            return _status(connection, _scripts())
    except SQLAlchemyError as error:
        raise _refusal(engine, error) from error


def package() -> ModuleType:
    """Find ``textback.sql``, wherever it is; raises ``StoreError`` if it is missing."""
    try:
        return shipped.package("sql")
    except shipped.Incomplete as missing:
        raise StoreError(str(missing)) from missing


def views() -> ModuleType:
    """The module ``textback.sql.views``: they are dropped and made anew around every change of the tables."""
    return importlib.import_module(f"{package().__name__}.views")


def alembic_config(connection: Connection | None = None) -> Config:
    """What Alembic must know; ``alembic.command`` functions take it."""
    config = Config()
    config.set_main_option("script_location", str(package().__path__[0]).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def _status(connection: Connection, scripts: ScriptDirectory) -> SchemaStatus:
    current = MigrationContext.configure(connection).get_current_revision()
    head = scripts.get_current_head() or ""
    known = {script.revision for script in scripts.walk_revisions()}
    unknown = current is not None and current not in known
    beside = unknown and _oldest(connection) <= head
    return SchemaStatus(current, head, current == head or beside, unknown and not beside, beside)


def _oldest(connection: Connection) -> str:
    """The newest migration that a program must at least have, to work on a database of a newer one."""
    if not inspect(connection).has_table(series.name):
        return "newer"  # which comes after every number
    return connection.execute(select(series.c.oldest)).scalar() or "newer"


def _note_oldest(connection: Connection) -> None:
    connection.execute(delete(series))
    connection.execute(insert(series).values(oldest=OLDEST))


def _upgrade(connection: Connection) -> list[str]:
    scripts = _scripts()
    before = _status(connection, scripts)
    if before.newer:
        raise StoreError(
            f"the database is at revision {before.current}, which this textback does not know: a newer"
            " version made it. Install that version again, or restore a backup made with this one."
        )
    if before.at_head:
        _prove_writable(connection)
        if connection.dialect.name in _MARIADB and not before.beside and not _has_views(connection):
            views().drop(connection)
            views().create(connection)
        return []
    if connection.dialect.name in _MARIADB:
        connection.execute(text(_EXACT))
    views().drop(connection)
    command.upgrade(alembic_config(connection), "head")
    _note_oldest(connection)
    views().create(connection)
    applied = scripts.iterate_revisions(before.head, before.current or "base")
    return [script.revision for script in applied][::-1]


def _has_views(connection: Connection) -> bool:
    """Whether they were made: an upgrade may have been cut off just before."""
    return set(views().VIEWS) <= set(inspect(connection).get_view_names())


def _prove_writable(connection: Connection) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = version_num"))


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction in which no other program migrates the same database."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            with _foreign_keys_off(connection), connection.begin():
                yield connection
        elif engine.dialect.name == "postgresql":
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(8391)"))
                yield connection
        else:
            with _named_lock(connection), connection.begin():
                yield connection


@contextmanager
def _named_lock(connection: Connection) -> Iterator[None]:
    """MariaDB's own changes of tables end a transaction, and with it every other lock."""
    taken = connection.execute(text("SELECT GET_LOCK(CONCAT('textback ', MD5(DATABASE())), 60)")).scalar()
    connection.commit()
    if not taken:
        raise StoreError("another program has been upgrading the database for a minute", temporary=True)
    try:
        yield
    finally:
        connection.invalidate()  # the lock goes with the session


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying and dropping it, which would take the rows that point at it along."""
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys = ON")


_OTHERS = "these tables were not made by textback, or an upgrade was cut off; name another database in database.url"
_GRANT = "give this user all rights on the database"
_ADVICE = {
    "SQLITE_BUSY": "another program holds the database; stop it, or try again",
    "SQLITE_LOCKED": "another program holds the database; stop it, or try again",
    "SQLITE_READONLY": "give this user the right to write the file and its folder",
    "SQLITE_CANTOPEN": "see that the folder exists and that this user may write to it",
    "SQLITE_NOTADB": "this is no SQLite database; name another file in database.url",
    "SQLITE_CORRUPT": "restore a backup",
    "SQLITE_ERROR": "these tables were not made by textback; name another file in database.url",
    "SQLITE_FULL": "make room on the disk",
    "42P07": _OTHERS,
    "1050": _OTHERS,
    "42501": _GRANT,
    "1044": _GRANT,
    "1142": _GRANT,
}


def _refusal(engine: Engine, error: SQLAlchemyError) -> StoreError:
    """Say what a person can do about it."""
    where = file_of(engine) or engine.url.render_as_string(hide_password=True)
    code = code_of(error)
    advice = "see that the server runs and that database.url is right"
    for name, what in _ADVICE.items():
        advice = what if code.startswith(name) else advice
    return StoreError(f"{where}: {describe(error)}: {advice}", temporary=is_fault(error))
