"""A database for the pages, and the story of somebody before them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from textback.store.engine import open_engine

from .browser import Visited, pages

Story = Callable[[Visited], Awaitable[Any]]


@pytest.fixture
def store(tmp_path: Path, migrated: Path) -> Iterator[Engine]:
    """A migrated SQLite database without rows."""
    engine = open_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / 'pages.db')}")
    yield engine
    engine.dispose()


@pytest.fixture
def tell(store: Engine) -> Callable[..., Any]:
    """Tells a story before the pages of ``store``; gives what it gives."""

    def told(story: Story, *routes: Any, **options: Any) -> Any:
        async def run() -> Any:
            async with pages(store, *routes, **options) as there:
                return await story(there)

        return asyncio.run(run())

    return told
