"""The configured database, opened for one command and closed after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from textback.cli.settings import configuration
from textback.store import migrations
from textback.store.engine import StoreError, open_engine, reading


@contextmanager
def opened(url: str, looking: bool = False) -> Iterator[Engine]:
    """The database at ``url``, whatever its state; ``looking``: nothing will be written to it."""
    engine = open_engine(url, looking=looking)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def stored() -> Iterator[Connection]:
    """A look into the configured database; raises ``StoreError`` unless it is at the newest schema."""
    with opened(configuration().database.url, looking=True) as engine:
        require_head(engine)
        with reading(engine) as connection:
            yield connection


@contextmanager
def changing() -> Iterator[Connection]:
    """One transaction on the configured database; raises ``StoreError`` unless it is at the newest schema."""
    with opened(configuration().database.url) as engine:
        require_head(engine)
        with engine.begin() as connection:
            yield connection


def require_head(engine: Engine, every: bool = False) -> None:
    """Raises ``StoreError`` with what to do unless the database has the tables of this program.

    ``every``: all of them must be known, also those that a newer program made and does not mind us beside it.
    """
    status = migrations.status(engine)
    if status.newer or every and status.beside:
        raise StoreError(
            f"the database is at revision {status.current}, which this textback does not know: use the newer"
            " version that made it"
        )
    if not status.at_head:
        raise StoreError("the database is not at the newest schema: run `textback db upgrade`")
