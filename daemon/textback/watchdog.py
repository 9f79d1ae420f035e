"""Feeds systemd's watchdog while every loop of the daemon turns, and says in words how it is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from textback.health import Health
from textback.sd_notify import Systemd

#: Seconds for which a loop may stand still. Longer than any call of a database server that is bounded in time, for a
#: PBX or a database that is out of reach is no reason to start the daemon anew: that would help neither.
LIMIT = 90.0
#: Seconds between two looks at most: so old may be what `systemctl status` shows.
EVERY = 1.0

#: Gives the seconds for which a loop has stood still at a monotonic time; 0 while it turns, or waits as it should.
StillFor = Callable[[float], float]

log = logging.getLogger("textback.systemd")


class Watchdog:
    """Looks after ``loops``; runs in the event loop, which is the reader's, so that this one needs no look."""

    def __init__(
        self,
        systemd: Systemd,
        loops: Mapping[str, StillFor],
        words: Callable[[], str],
        monotonic: Callable[[], float] = time.monotonic,
        limit: float = LIMIT,
    ) -> None:
        self._systemd, self._loops, self._words = systemd, loops, words
        self._monotonic, self._limit = monotonic, limit
        self._stuck: tuple[str, ...] = ()

    @property
    def every(self) -> float:
        """Seconds between two looks."""
        return min(EVERY, (self._systemd.watchdog or EVERY * 3) / 3)

    def look(self) -> None:
        """Feed the watchdog if all is well, else complain once."""
        now = self._monotonic()
        stuck = tuple(name for name, still_for in self._loops.items() if still_for(now) >= self._limit)
        if stuck != self._stuck:
            self._stuck = stuck
            self._tell(stuck)
        if stuck:
            self._systemd.status(f"stuck: {' and '.join(stuck)}")
            return
        self._systemd.status(self._words())
        self._systemd.feed()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(self.every)

    def _tell(self, stuck: tuple[str, ...]) -> None:
        if stuck:
            told = "%s has not turned for %.0f s: systemd is not told any more that all is well"
            log.error(told, " and ".join(stuck), self._limit)
        else:
            log.warning("every loop turns again")


def in_words(health: Health, callers: int) -> str:
    """How the daemon is, for ``systemctl status``: ``2 of 2 links up, 3 callers on the line``, and what is wrong."""
    up = sum(link.is_up for link in health.links)
    links = f"{up} of {len(health.links)} links up" if health.links else "no PBX to follow"
    line = f"{links}, {callers} {'caller' if callers == 1 else 'callers'} on the line"
    return "; ".join((line, *health.problems))
