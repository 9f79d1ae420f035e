from __future__ import annotations

import pytest

from .virtual_time import VirtualTime


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()
