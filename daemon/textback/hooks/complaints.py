"""Says what is wrong with a peer once, however often it happens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

#: seconds until the same is said of the same peer again
EVERY = 600.0
#: peers and kinds that are remembered
MOST = 1000


class Complaints:
    """A log that a stranger cannot fill: one line for each peer and kind in ``every`` seconds, and how many it kept."""

    def __init__(
        self, log: logging.Logger, now: Callable[[], float] = time.monotonic, every: float = EVERY
    ) -> None:
        self._log = log
        self._now = now
        self._every = every
        #: when it was last said, and how often it happened since
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def tell(self, peer: str, kind: str, what: str, trouble: BaseException | None = None) -> None:
        """``what`` happened with ``peer``; said once for each ``kind``."""
        told_at, kept = self._told.get((peer, kind), (None, 0))
        if told_at is not None and self._now() - told_at < self._every:
            self._told[peer, kind] = (told_at, kept + 1)
            return
        self._told.pop((peer, kind), None)
        self._told[peer, kind] = (self._now(), 0)
        if len(self._told) > MOST:
            del self._told[next(iter(self._told))]
        before = f" (and {kept} times more since it was last told)" if kept else ""
        self._log.warning("%s: %s%s", peer, what, before, exc_info=trouble)
