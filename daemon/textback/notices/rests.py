"""Places that are spared for a while after trouble, each on its own, so that one of them costs the others nothing."""

from __future__ import annotations

from textback.gates import Backoff, Gate
from textback.notices.errand import Untold

#: The pauses of a place, in seconds: they double.
FIRST, LONGEST = 15.0, 600.0
#: The longest pause of one notice, in seconds, whatever anybody asks for.
MOST = 3600.0


class Rests:
    """``trouble`` has why a place rests, in words, from the first failure until something works there."""

    def __init__(self) -> None:
        self.trouble: dict[str, str] = {}
        self._gates: dict[str, tuple[Gate, Backoff]] = {}

    def now(self, now: float) -> list[str]:
        """The places that rest at ``now`` (epoch seconds)."""
        return [place for place, (gate, _) in self._gates.items() if gate.left(now)]

    def begin(self, place: str, error: Untold, now: float) -> float:
        """Spare a place; returns for how many seconds."""
        gate, backoff = self._gates.setdefault(place, (Gate(), Backoff(FIRST, LONGEST)))
        pause = backoff.pause()
        gate.close(now, pause)
        self.trouble[place] = str(error)
        return pause

    def end(self, place: str) -> bool:
        """Something works there; returns whether there was trouble before."""
        self._gates.pop(place, None)
        return self.trouble.pop(place, None) is not None


def due_again(now: float, attempts: int, error: Untold, pause: float) -> float:
    """When (epoch seconds) a notice is due again after ``attempts`` in vain.

    Always later than its place rests for, so that another goes first: this one alone may be what is wrong.
    """
    patience = min(FIRST * 2.0 ** min(max(attempts, 1), 30), MOST)
    return now + max(pause + 1.0, patience, min(error.retry_after or 0.0, MOST))
