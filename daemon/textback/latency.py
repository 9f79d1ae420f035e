"""How long something takes: what the health page and the metrics read."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator

#: Seconds; the bounds between which all that was measured is counted, from a hook's answer to a database that hangs.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Latency:
    """Counts what was measured, and remembers the last ``kept`` of them; all in seconds."""

    def __init__(self, kept: int = 1000) -> None:
        self.count = 0
        self.total = 0.0
        self._within = [0] * (len(BOUNDS) + 1)
        self._last: deque[float] = deque(maxlen=kept)

    def record(self, seconds: float) -> None:
        """One more."""
        self.count += 1
        self.total += seconds
        self._within[bisect_left(BOUNDS, seconds)] += 1
        self._last.append(seconds)

    def quantile(self, share: float) -> float | None:
        """What ``share`` (0…1) of the last ones did not exceed: the nearest rank; None if there is none."""
        if not self._last:
            return None
        ordered = sorted(self._last)
        return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """For each bound, and for infinity at last, how many have not exceeded it since the start."""
        so_far = 0
        for bound, here in zip((*BOUNDS, float("inf")), self._within, strict=True):
            so_far += here
            yield bound, so_far
