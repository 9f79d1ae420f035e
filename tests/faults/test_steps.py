"""A daemon that dies right after each step, and lives on: one text for everybody, or one that a person must decide."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.faults.steps import ALL_STEPS, HOLDS, UNKNOWABLE, Trial

#: deaths at each step; `python -m tests.faults.steps --times 100` dies more often
TIMES = 3


@pytest.mark.parametrize("step", ALL_STEPS)
def test_after_a_death_at_any_step_everybody_has_one_text(tmp_path: Path, step: str) -> None:
    outcome = Trial(tmp_path, step).run(TIMES)
    unknown = TIMES if step == UNKNOWABLE else 0
    assert outcome.faults() == []
    assert outcome.states == Counter({"sent": TIMES * len(HOLDS) - unknown, "unknown": unknown})
    assert len(outcome.taken) == TIMES * len(HOLDS) - unknown
