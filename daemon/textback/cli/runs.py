"""Lines one after the other of which the same is to be said: told together."""

from __future__ import annotations

from collections.abc import Callable


class Runs:
    """``tell`` hears of the first and the last line of each run, and what there is to say."""

    def __init__(self, tell: Callable[[int, int, str], None]) -> None:
        self._tell = tell
        self._first = self._last = 0
        self._said: str | None = None

    def add(self, line: int, said: str) -> None:
        """The next line."""
        if said != self._said or line != self._last + 1:
            self.end()
            self._first = line
        self._last, self._said = line, said

    def end(self) -> None:
        """There are no more."""
        if self._said is not None:
            self._tell(self._first, self._last, self._said)
        self._said = None
