"""A SQLite file for the tests of what only SQLite does, and an open transaction on a database of each kind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from textback.store import practices
from textback.store.engine import open_engine


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Path:
    """A migrated SQLite file of the test's own."""
    return Path(shutil.copy(migrated, tmp_path / "textback.db"))


@pytest.fixture
def sqlite(database: Path) -> Iterator[Engine]:
    """An engine on ``database`` that does not wait for locks."""
    engine = open_engine(f"sqlite:///{database}", busy_timeout=0)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """An open transaction, with a practice in the database."""
    with engine.begin() as connection:
        practices.put(connection, "Clinic", {"line": []}, "test", 0.0)
        yield connection
