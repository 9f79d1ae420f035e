"""Databases for tests of many examples."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inbox.posts import Post
from textback.store.engine import open_engine


@pytest.fixture(scope="module")
def one_post(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """An inbox whose examples have numbers of their own."""
    folder = tmp_path_factory.mktemp("notices")
    engine = open_engine(f"sqlite:///{shutil.copy(migrated, folder / 'one.db')}")
    yield Post(engine)
    engine.dispose()
