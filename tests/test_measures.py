"""What is counted, and that no mistake makes it grow for ever."""

from __future__ import annotations

from time import perf_counter

from textback.call import Call
from textback.ledger import Entry
from textback.measures import MOST, OTHER, Measures, Tally
from textback.model import Decision, Disposition, Verdict


def test_of_too_many_kinds_the_rest_are_counted_together() -> None:
    tally = Tally()
    for number in range(2 * MOST):
        tally.add("skip", f"reason {number}")
    tally.add("skip", "reason 0")
    assert tally["skip", "reason 0"] == 2
    assert tally[OTHER, OTHER] == MOST and len(tally) == MOST + 1


def test_a_batch_counts_calls_verdicts_and_how_long_it_took() -> None:
    call = Call("main/1.1", "main", "1.1", 0.0, disposition=Disposition.ABANDONED)
    settling, decided = Entry(call), Entry(call, decision=Decision(Verdict.SKIP, "cooldown", "skip: so"))
    measures = Measures()
    measures.note_batch([perf_counter() - 2.0, perf_counter()], [call], [settling, decided])
    assert measures.calls == {("main", "abandoned"): 1} and measures.verdicts == {("skip", "cooldown"): 1}
    within = dict(measures.decision.cumulative())
    assert measures.decision.count == 2 and within[1.0] == 1
