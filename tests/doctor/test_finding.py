from __future__ import annotations

from textback.doctor.finding import SHELL, failed, ok


def test_a_row_has_the_same_keys_whatever_was_found() -> None:
    assert ok("a", "right.").as_row() == {
        "check": "a", "status": "ok", "message": "right.", "lines": [], "file": None,
    }  # fmt: skip
    row = failed("a", "wrong.", ("x = 1",), SHELL, ("x = 2",)).as_row()
    assert row == {
        "check": "a", "status": "failed", "message": "wrong.", "lines": ["x = 1"], "file": "shell",
        "replaces": ["x = 2"],
    }  # fmt: skip
