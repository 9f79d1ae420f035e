"""A migrated database for every test: SQLite, or an empty one of the server in TEXTBACK_TEST_DATABASE_URL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, MetaData

from textback.store import migrations, practices
from textback.store.engine import open_engine

SERVER = os.environ.get("TEXTBACK_TEST_DATABASE_URL")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no row, to be copied."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    migrations.upgrade(engine)
    engine.dispose()
    return path


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
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine on the kind of database under test."""
    if SERVER is None:
        yield request.getfixturevalue("sqlite")
        return
    server = open_engine(SERVER)
    _empty(server)
    migrations.upgrade(server)
    yield server
    server.dispose()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """An open transaction, with a practice in the database."""
    with engine.begin() as connection:
        practices.put(connection, "Clinic", {"line": []}, "test", 0.0)
        yield connection


def _empty(server: Engine) -> None:
    with server.begin() as connection:
        migrations.views().drop(connection)
        found = MetaData()
        found.reflect(connection)
        found.drop_all(connection)
