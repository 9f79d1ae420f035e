"""The three kinds of database, migrated and empty: SQLite, and servers where their programs are found."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from tests.servers import Mariadb, Postgresql, Server, shared
from textback.store import migrations
from textback.store.engine import open_engine

# No test may fail because a machine is slow; and what holds up a change must be the same for everybody: new examples
# are for those who run the tests by hand.
settings.register_profile("by hand", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "by hand")

KINDS = ("sqlite", "postgresql", "mariadb")


@pytest.fixture(autouse=True)
def as_quiet_as_before() -> Iterator[None]:
    """A command that sets up the log of its process does so for its test only."""
    root, ours = logging.getLogger(), logging.getLogger("textback")
    before = root.level, ours.level, root.handlers[:]
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(False)
    root.setLevel(before[0])
    ours.setLevel(before[1])
    root.handlers[:] = before[2]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no row, to be copied."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    migrations.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A running PostgreSQL of the tests' own."""
    yield from _running(Postgresql)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """A running MariaDB of the tests' own."""
    yield from _running(Mariadb)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated database without rows, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('migrated'), tmp_path / 'store.db')}"
    server: Server = request.getfixturevalue(request.param)
    return server.emptied()


@pytest.fixture(params=KINDS)
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'fresh.db'}"
        return
    server: Server = request.getfixturevalue(request.param)
    with server.database() as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on ``database_url``."""
    on_file = database_url.startswith("sqlite")
    engine = open_engine(database_url, busy_timeout=0) if on_file else shared(database_url)
    yield engine
    engine.dispose()


def _running(kind: type[Server]) -> Iterator[Server]:
    reason = kind.missing()
    if reason and kind.kind in os.environ.get("TEXTBACK_REQUIRE", ""):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    server = kind()
    try:
        server.start()
        yield server
    finally:
        server.remove()
