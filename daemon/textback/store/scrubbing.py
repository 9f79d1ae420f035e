"""What was deleted leaves the files of the database, too, as far as the database can see to that."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, text

from textback.store.engine import StoreError, file_of


def zero_what_is_deleted(conn: Connection) -> None:
    """From here on SQLite overwrites what is deleted over this connection, instead of only forgetting where it was."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = ON")


def scrub(engine: Engine) -> bool:
    """Write the database anew without what was deleted; False where a copy of it may still be in SQLite's log.

    On SQLite nobody else can write meanwhile: some seconds for a gigabyte. PostgreSQL takes out the rows that nobody
    sees any more, and holds nobody up; MariaDB does so by itself. What either has in its own logs and backups stays
    there until those are thrown away. Raises ``StoreError``, for a full disk among others.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))
    return _scrub_file(engine) if file_of(engine) is not None else True


def _scrub_file(engine: Engine) -> bool:
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        try:
            raw.execute("PRAGMA secure_delete = ON")
            raw.execute("VACUUM")
            (busy, *_), *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except raw.Error as error:
            raise StoreError(f"{file_of(engine)}: {error}: see that there is as much room again on its disk") from error
    return not busy
