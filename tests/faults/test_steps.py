"""A daemon that dies right after each step, and lives on: one text for everybody, or one that a person must decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.steps import ALL_STEPS, HOLDS, UNKNOWABLE, Trial

#: deaths at each step; `python -m tests.faults.steps --times 100` dies more often
TIMES = 3
#: at these, the text of another caller may be in hand, claimed and not sent yet
EARLY = ("fact read", "decision written", "decision committed")


@pytest.mark.parametrize("step", ALL_STEPS)
def test_after_a_death_at_any_step_everybody_has_one_text(tmp_path: Path, step: str) -> None:
    outcome = Trial(tmp_path, step).run(TIMES)
    sent, unknown = outcome.states["sent"], outcome.states["unknown"]
    assert outcome.faults() == [] and (outcome.lost, outcome.twice) == (set(), {})
    assert sent == len(outcome.taken) and sent + unknown == len(outcome.texts) == TIMES * len(HOLDS)
    if step not in EARLY:
        assert unknown == (TIMES if step == UNKNOWABLE else 0)
    assert unknown <= TIMES and outcome.unknown_but_taken == 0
