"""What is wrong is said once."""

from __future__ import annotations

import logging

import pytest

from textback.pbx.once import Once


def test_each_kind_is_said_once_and_a_note_is_another_kind(caplog: pytest.LogCaptureFixture) -> None:
    once = Once("main", logging.getLogger("textback.ami"))
    with caplog.at_level(logging.INFO):
        for text in ("first", "second"):
            once.warn("a", text)
            once.note("a", text)
        once.warn("b", "other", ValueError("why"))
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "main: first"), ("INFO", "main: first"), ("WARNING", "main: other"),
    ]
    assert caplog.records[2].exc_info is not None and "why" in str(caplog.records[2].exc_info[1])
