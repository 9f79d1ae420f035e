"""What a running daemon has counted since its start: plain numbers, for whoever looks at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import perf_counter

from textback.call import Call
from textback.latency import Latency
from textback.ledger import Entry

#: Kinds that are told apart; what comes beyond is counted together. The daemon has some twenty reasons of its own.
MOST = 200
OTHER = "other"


class Tally(Counter[tuple[str, ...]]):
    """Counts things of a kind, the kinds being words of ours: a mistake of ours must not let them grow for ever."""

    def add(self, *kind: str) -> None:
        """One more of that kind."""
        if kind not in self and len(self) >= MOST:
            kind = (OTHER,) * len(kind)
        self[kind] += 1


@dataclass(frozen=True, slots=True)
class Measures:
    """Counted where it happens, once it is durable, and in the event loop only.

    ``calls``: those that ended, by PBX and disposition; ``verdicts``: by verdict and reason; ``texts``: by the status
    that a text came to, ``received`` among them. ``decision``: from the arrival of what ends a call, or asks for a
    text, until what follows from it is durable.
    """

    calls: Tally = field(default_factory=Tally)
    verdicts: Tally = field(default_factory=Tally)
    texts: Tally = field(default_factory=Tally)
    decision: Latency = field(default_factory=Latency)

    def note_batch(self, arrived: Iterable[float], finished: Iterable[Call], decided: Iterable[Entry]) -> None:
        """A batch of facts is durable: when (``perf_counter``) those arrived that decide, and what came of them."""
        now = perf_counter()
        for moment in arrived:
            self.decision.record(now - moment)
        for call in finished:
            self.calls.add(call.pbx, str(call.disposition))
        for decision in (entry.decision for entry in decided):
            if decision is not None:
                self.verdicts.add(decision.verdict, decision.reason)
