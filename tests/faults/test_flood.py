"""Made-up caller numbers, thousands in a minute: few are texted, the rest is held, and staff come first."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.faults.flood import Flood

#: `python -m tests.faults.flood` makes it 10,000
CALLS = 2_000


def test_a_flood_of_made_up_numbers_is_held_beyond_the_budget_for_numbers_that_look_alike(tmp_path: Path) -> None:
    flood = Flood(tmp_path, CALLS).run()
    assert flood.verdicts == Counter({("text", "abandoned"): 10, ("held", "budget"): CALLS - 10})
    assert flood.states == Counter({"queued": 10, "held": CALLS - 10})
    assert flood.claim().id == flood.staff_text
    # Half of the calls are judged by the fourth look: what is kept does not grow with how many there were.
    assert max(flood.memory[4:]) < 1.25 * flood.memory[3], flood.memory


def test_numbers_far_apart_are_held_beyond_the_budget_of_a_minute(tmp_path: Path) -> None:
    flood = Flood(tmp_path, 300, stride=10_000).run(traced=False)
    assert flood.verdicts == Counter({("text", "abandoned"): 60, ("held", "budget"): 240})
    assert flood.states == Counter({"queued": 60, "held": 240})
    assert flood.claim().id == flood.staff_text
