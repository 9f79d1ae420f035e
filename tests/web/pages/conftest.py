"""The whole site, on SQLite or on each kind of database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from textback.store.engine import open_engine

from .house import House, Somebody, house as opened


@pytest.fixture
def house(store: Engine) -> Iterator[House]:
    """The site on SQLite."""
    with opened(store) as there:
        yield there


@pytest.fixture
def any_house(engine: Engine) -> Iterator[House]:
    """The site on each kind of database."""
    with opened(engine) as there:
        yield there


@pytest.fixture
def dana(house: House) -> Somebody:
    """A manager of Riverside."""
    return house.somebody()


@pytest.fixture
def gus(house: House) -> Somebody:
    """Staff of the other practice."""
    return house.somebody("gus")


@pytest.fixture
def second_house(tmp_path: Path, migrated: Path) -> Iterator[House]:
    """A second site, beside the first."""
    engine = open_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / 'second.db')}")
    with opened(engine) as there:
        yield there
    engine.dispose()
