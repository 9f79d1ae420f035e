"""A browser for all tests, and a daemon for each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clinic import Clinic, open_clinic
from .visits import Visits, chromium, missing


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium, or a reason. Gone before other tests: while Playwright runs, no other loop can in this thread."""
    reason = missing()
    if reason and "browser" in os.environ.get("TEXTBACK_REQUIRE", ""):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with chromium() as started:
        yield started


@pytest.fixture
def clinic(browser: Any, tmp_path: Path) -> Iterator[Clinic]:
    """The daemon; the browser comes first, since without it none of this is needed."""
    with open_clinic(tmp_path) as opened:
        yield opened


@pytest.fixture
def visits(clinic: Clinic, browser: Any) -> Iterator[Visits]:
    """Windows of that clinic's staff; none of them may have complained."""
    troubles: list[str] = []
    opened = Visits(clinic, browser, troubles)
    yield opened
    for context in browser.contexts:
        context.close()
    assert troubles == []
