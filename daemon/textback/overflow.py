"""Calls that lost a fact, since more waited for the database than can be kept, and how they are made whole again."""

from __future__ import annotations

import logging

from textback.events import Fact, pbx_of


class Overflow:
    """Nobody can say how a call ended that lost a fact, unless a resync has told its state again before that.

    ``dropped``: how many facts were lost.
    """

    def __init__(self, log: logging.Logger) -> None:
        self.dropped = 0
        self._log = log
        #: calls that lost a fact; those of them that the link is about to learn again; the PBXes to ask for it
        self._blurred, self._healing, self._behind = set[str](), set[str](), set[str]()

    def drop(self, fact: Fact, waiting: int) -> None:
        """There is no room for a fact, as so many wait."""
        if not self._blurred:
            self._log.error("the database is behind by %d facts: lesser ones are dropped", waiting)
        self.dropped += 1
        self._blurred.add(fact.call_id)
        self._healing.discard(fact.call_id)
        self._behind.add(pbx_of(fact))

    def is_blurred(self, call_id: str) -> bool:
        """Whether it is not known what is true for that call."""
        return call_id in self._blurred

    def link_lost(self, pbx: str) -> None:
        """What was dropped by now is told again when that link comes back."""
        self._healing |= self._of(pbx)

    def link_synced(self, pbx: str) -> None:
        """A link that was down has told again what is true, but for what was dropped meanwhile."""
        healed = self._of(pbx) & self._healing
        self._blurred -= healed
        self._healing -= healed
        if not self._of(pbx):
            self._behind.discard(pbx)

    def to_ask(self) -> list[str]:
        """There is room again: the PBXes that are to be asked for what was lost, each once."""
        behind, self._behind = self._behind, set()
        return sorted(behind)

    def _of(self, pbx: str) -> set[str]:
        return {call_id for call_id in self._blurred if call_id.startswith(f"{pbx}/")}
