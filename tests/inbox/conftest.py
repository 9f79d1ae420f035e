"""An inbox on a database of each kind, with its practice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.inbox.posts import Post
from textback.store.engine import open_engine


@pytest.fixture
def post(engine: Engine) -> Post:
    made = Post(engine)
    made.want()
    return made


@pytest.fixture(scope="module")
def sqlite_posts(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Post, Post]]:
    """Two of us, each with a database of its own, for tests of many examples."""
    folder = tmp_path_factory.mktemp("posts")
    engines = [open_engine(f"sqlite:///{shutil.copy(migrated, folder / name)}") for name in ("one.db", "other.db")]
    yield Post(engines[0]), Post(engines[1])
    for engine in engines:
        engine.dispose()
