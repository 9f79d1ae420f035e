"""How fast the hooks are: what the health page and the metrics read."""

from __future__ import annotations

from collections import deque


class Latency:
    """Counts what was measured, and remembers the last ``kept`` of them; all in seconds."""

    def __init__(self, kept: int = 1000) -> None:
        self.count = 0
        self.total = 0.0
        self._last: deque[float] = deque(maxlen=kept)

    def record(self, seconds: float) -> None:
        """One more."""
        self.count += 1
        self.total += seconds
        self._last.append(seconds)

    def quantile(self, share: float) -> float | None:
        """What ``share`` (0…1) of the last ones did not exceed: the nearest rank; None if there is none."""
        if not self._last:
            return None
        ordered = sorted(self._last)
        return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]
