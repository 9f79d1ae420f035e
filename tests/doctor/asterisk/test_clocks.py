from __future__ import annotations

import pytest

from textback.doctor.asterisk.clocks import examine_clock


@pytest.mark.parametrize(
    ("skew", "status", "words"),
    [
        (0.3, "ok", "0.3 s"),
        (-1.9, "ok", "1.9 s"),
        (5.0, "warning", "5 s ahead of ours"),
        (-120.0, "failed", "2 min 0 s behind ours"),
        (119.8, "failed", "2 min 0 s ahead of ours"),
        (None, "skipped", "does not tell"),
    ],
)
def test_what_records_cannot_bear_fails(skew: float | None, status: str, words: str) -> None:
    (finding,) = examine_clock("main", skew)
    assert finding.status == status and words in finding.message
    assert bool(finding.lines) == (status in ("warning", "failed"))
