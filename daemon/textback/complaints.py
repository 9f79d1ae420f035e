"""What is wrong with those who ask something of us, told to the log now and then: none of them can fill it."""

from __future__ import annotations

import logging
import time

from textback.clock import Clock

#: Seconds for which the same complaint is not repeated.
EVERY = 3600.0
#: Complaints that are remembered.
MOST = 1000


class Complaints:
    """A log that a stranger cannot fill: one line for each complaint in ``every`` seconds, and how many it kept."""

    def __init__(self, log: logging.Logger, now: Clock = time.monotonic, every: float = EVERY) -> None:
        self._log, self._now, self._every = log, now, every
        #: when it was last told, and how often it was due since
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def tell(self, what: str, peer: str = "", kind: str = "", trouble: BaseException | None = None) -> None:
        """``what`` is wrong, with ``peer`` if it is somebody; ``kind``: what makes it the same as another one.

        It may hold nothing that was sent to us, but for what is known to be harmless.
        """
        key, now = (peer, kind or what), self._now()
        told_at, kept = self._told.pop(key, (None, 0))
        if told_at is not None and 0 <= now - told_at < self._every:
            self._told[key] = (told_at, kept + 1)
            return
        self._told[key] = (now, 0)
        if len(self._told) > MOST:
            del self._told[next(iter(self._told))]
        again = f" (and {kept} times more since it was last told)" if kept else ""
        self._log.warning("%s%s%s", f"{peer}: " if peer else "", what, again, exc_info=trouble)


def place(error: BaseException) -> str:
    """Where in the code an error came from, to be told in place of its text, which may hold what was sent to us."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
