"""The house that tests change."""

from __future__ import annotations

from pathlib import Path

import pytest

from .told import House, house


@pytest.fixture
def told(tmp_path: Path) -> House:
    return house(tmp_path)
