"""Which calls ``calls tail`` has still to show: each one once, as soon as it has its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

#: seconds after a call's end within which it is committed, at the latest
WINDOW = 120.0


class Tail:
    """Follows the calls that end after ``start`` (epoch seconds); ask the log for those after ``horizon``."""

    def __init__(self, start: float) -> None:
        self._start = start
        self.horizon = start
        self._shown: dict[str, float] = {}

    def take(self, rows: Iterable[dict[str, Any]], now: float) -> Iterator[dict[str, Any]]:
        """Those of ``rows`` that are new and decided; ``now`` in epoch seconds."""
        oldest = now - WINDOW
        for row in rows:
            ended = datetime.fromisoformat(row["ended_at"]).timestamp()
            if row["verdict"] is None:
                oldest = min(oldest, ended - 1.0)
            elif row["id"] not in self._shown:
                self._shown[row["id"]] = ended
                yield row
        self.horizon = max(self._start, oldest)
        self._shown = {call: ended for call, ended in self._shown.items() if ended > self.horizon - 1.0}
