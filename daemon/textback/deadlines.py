"""When calls want to hear of time, and whether their PBX is in sight: what is due while it is not has to wait."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

#: Seconds; how long a deadline waits for a link that is down before it passes without it.
BLIND_LIMIT = 3600.0

#: until when each PBX was synced last; None while its link is down
LinkState = dict[str, float | None]


class Deadlines:
    """The deadlines of the calls of each PBX; a call that changed its mind is expected again, and checked by its owner.

    While the link to a PBX is down nobody knows who came back there, so the deadlines of its calls, and of no others,
    wait until it is synced again: up to ``BLIND_LIMIT``.
    """

    def __init__(self, pbxes: Iterable[str]) -> None:
        self._heaps: dict[str, list[tuple[float, str]]] = {pbx: [] for pbx in pbxes}
        self.links: LinkState = dict.fromkeys(self._heaps)
        #: nothing is due before: with many PBXes, most questions are answered by it
        self._soonest = float("inf")

    def follow(self, pbx: str) -> None:
        """Take in one more PBX, whose link is not up yet; once is enough."""
        self._heaps.setdefault(pbx, [])
        self.links.setdefault(pbx, None)

    def expect(self, pbx: str, at: float, call_id: str) -> None:
        heapq.heappush(self._heaps[pbx], (at, call_id))
        self._soonest = min(self._soonest, at)

    def forget(self, pbx: str) -> None:
        """The calls of that PBX are somebody else's now."""
        self._heaps[pbx], self.links[pbx] = [], None

    def due(self, now: float, before: bool = False) -> Iterator[tuple[float, str]]:
        """What is due at ``now`` (``before``: strictly earlier), soonest first, and not any more once it is told."""
        while self._soonest <= now:
            ready = [heap for pbx, heap in self._heaps.items() if heap and self._passes(pbx, heap[0][0], now, before)]
            if not ready:
                self._soonest = min((heap[0][0] for heap in self._heaps.values() if heap), default=float("inf"))
                return
            yield heapq.heappop(min(ready))

    def _passes(self, pbx: str, due: float, now: float, before: bool) -> bool:
        limit = now if self.links.get(pbx) is not None else now - BLIND_LIMIT
        return due < limit or (due == limit and not before)

    @property
    def next(self) -> float | None:
        """The soonest time at which something may be due; read from any thread."""
        times = []
        for pbx, heap in list(self._heaps.items()):
            first = heap[:1]
            times += [at if self.links.get(pbx) is not None else at + BLIND_LIMIT for at, _ in first]
        return min(times, default=None)
