"""A SQLite database for the tests of a scrape that need no server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from textback.store.engine import open_engine


@pytest.fixture
def sqlite(tmp_path: Path, migrated: Path) -> Iterator[Engine]:
    """A migrated SQLite database without rows."""
    engine = open_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / 'textback.db')}")
    yield engine
    engine.dispose()
