"""Saying once what is wrong, however often it happens."""

from __future__ import annotations

import logging


class Once:
    """The log of one PBX, for faults of which there are few kinds."""

    def __init__(self, pbx: str, log: logging.Logger) -> None:
        self._pbx = pbx
        self._log = log
        self._told: set[str] = set()

    def warn(self, kind: str, what: str, trouble: BaseException | None = None) -> None:
        """``what`` is wrong."""
        self._tell(logging.WARNING, kind, what, trouble)

    def note(self, kind: str, what: str) -> None:
        """``what`` may be meant to be so."""
        self._tell(logging.INFO, f"note {kind}", what, None)

    def _tell(self, level: int, kind: str, what: str, trouble: BaseException | None) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._log.log(level, "%s: %s", self._pbx, what, exc_info=trouble)
