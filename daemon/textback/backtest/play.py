"""A visit from the records on its way through the machine, and where the caller was at any time of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textback.call import Call, Outcome, Phase, Rules, advance, arrive
from textback.events import CallerLeft, CallLost, DeadlinePassed, Fact
from textback.model import Decision, Disposition, Verdict
from textback.pbx.records import Visit

_NOTHING = Rules()
_SERVED = frozenset({Phase.WAITING, Phase.RINGING, Phase.TALKING})


@dataclass(slots=True)
class Play:
    """A visit: ``done`` of its facts are told to ``call``."""

    visit: Visit
    facts: Sequence[Fact]
    call: Call
    done: int = 0
    decision: Decision | None = None

    def tell(self, fact: Fact, rules: Callable[[Call], Rules]) -> tuple[Outcome, ...]:
        """One more fact for the machine."""
        self.call, outcomes = advance(self.call, fact, rules(self.call))
        return outcomes

    def go_on(self, rules: Callable[[Call], Rules]) -> float | None:
        """Tell facts until the caller asks for a text: when that is (epoch seconds); None at the end of the call."""
        while self.done < len(self.facts):
            fact = self.facts[self.done]
            deadline = self.call.deadline
            if deadline is not None and deadline < fact.at:
                self.tell(DeadlinePassed(self.call.id, deadline), rules)
                continue
            self.done += 1
            if isinstance(fact, CallLost) and self.call.texted:
                fact = CallerLeft(fact.call_id, fact.at)  # who got the text by key has nothing more to wait for
            if Outcome.TEXT_ASKED in self.tell(fact, rules):
                return fact.at
        return None

    def serves(self, at: float, now: float) -> bool:
        """Whether this visit takes care of the caller at ``now``, so that a text for one ended at ``at`` is too much.

        A visit that ended without an answer takes care of them only if a text is due, or given, for itself.
        """
        ended = self.facts[-1].at
        if self.call.started_at > now or ended <= at:
            return False
        if ended > now:
            return self._phase(now) in _SERVED
        skipped = self.decision is not None and self.decision.verdict is Verdict.SKIP
        return self.call.disposition == Disposition.ANSWERED or not skipped

    def _phase(self, now: float) -> Phase:
        call = arrive(self.visit.arrived)
        for fact in self.facts:
            if fact.at > now:
                break
            call, _ = advance(call, fact, _NOTHING)
        return call.phase


def play(visit: Visit) -> Play:
    """A visit before its first fact; one whose end is not told is lost at the end."""
    facts: list[Fact] = [moment.fact for moment in visit.moments]
    call = arrive(visit.arrived)
    if visit.ended is None:
        facts.append(CallLost(call.id, facts[-1].at if facts else call.started_at))
    return Play(visit, facts, call)
