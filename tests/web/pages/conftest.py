"""The whole site, on SQLite or on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

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
