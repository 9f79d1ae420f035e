"""What is wrong with requests, told to the log now and then: whoever sends them must not be able to fill it."""

from __future__ import annotations

import logging
from collections import Counter

from textback.clock import Clock

#: Seconds for which the same complaint is not repeated.
QUIET = 3600.0


def place(error: BaseException) -> str:
    """Where in the code an error came from, to be told in place of its text, which may hold what was posted."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"


class Complaints:
    """Each complaint once an hour, with how often it was due meanwhile."""

    def __init__(self, log: logging.Logger, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._told_at: dict[str, float] = {}
        self._untold: Counter[str] = Counter()

    def tell(self, complaint: str) -> None:
        """Log a complaint; it holds nothing of the request, so there are only so many."""
        now, told_at = self._clock(), self._told_at.get(complaint)
        if told_at is not None and 0 <= now - told_at < QUIET:
            self._untold[complaint] += 1
            return
        self._told_at[complaint] = now
        again = self._untold.pop(complaint, 0)
        self._log.warning("%s%s", complaint, f" ({again} more since the last time)" if again else "")
