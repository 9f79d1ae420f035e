"""Pauses after trouble: gates that stay closed for some seconds, and pauses that double."""

from __future__ import annotations


class Gate:
    """Closed for some seconds at a time; the longest closing counts.

    A wall clock that is set back must not keep it closed for longer than was asked.
    """

    def __init__(self) -> None:
        self._closed_at = 0.0
        self._seconds = 0.0

    def close(self, now: float, seconds: float) -> None:
        """Stay closed for at least ``seconds`` from ``now``."""
        if seconds > self.left(now):
            self._closed_at, self._seconds = now, seconds

    def left(self, now: float) -> float:
        """Seconds until it is open; 0 when it is."""
        self._closed_at = min(self._closed_at, now)  # the clock was set back: what is left is counted from here
        return max(self._closed_at + self._seconds - now, 0.0)


class Backoff:
    """Pauses that double from ``first`` to ``most`` seconds until something works."""

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._next = first

    def pause(self) -> float:
        """The pause to make now, in seconds."""
        pause, self._next = self._next, min(self._next * 2, self._most)
        return pause

    def reset(self) -> None:
        """It works again."""
        self._next = self._first
