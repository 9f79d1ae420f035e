"""How often somebody may come: so many at once, and then one after the other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from textback.clock import Clock

#: How many are kept in mind at once; whoever has not come for longest is forgotten first.
MOST = 10_000


class Pace:
    """For each one ``a_minute``, which they may also use up at once."""

    def __init__(self, a_minute: int, clock: Clock, most: int = MOST) -> None:
        self._full, self._clock, self._most = float(a_minute), clock, most
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, who: Hashable) -> float:
        """Let them come and give 0, or give the seconds after which they may."""
        left = self._left_for(who)
        if left < 1:
            return (1 - left) * 60 / self._full
        self._note(who, left - 1)
        return 0.0

    def forgive(self, who: Hashable) -> None:
        """The last time is not counted."""
        self._note(who, min(self._left_for(who) + 1, self._full))

    def _left_for(self, who: Hashable) -> float:
        left, at = self._left.get(who, (self._full, 0.0))
        # A clock that was set back takes nothing away from anybody.
        return min(left + max(0.0, self._clock() - at) * self._full / 60, self._full)

    def _note(self, who: Hashable, left: float) -> None:
        self._left[who] = (left, self._clock())
        self._left.move_to_end(who)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
