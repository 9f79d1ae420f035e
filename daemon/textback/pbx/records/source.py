"""One record of a PBX: a file, a table, a folder."""

from __future__ import annotations

from collections import Counter
from typing import Protocol


class Source(Protocol):
    """``faults`` counts what could not be used, by kind."""

    faults: Counter[str]

    def size(self, since: float = 0.0) -> int | None:
        """How many bytes are read of what was written at ``since`` or later; None if that cannot be told."""
