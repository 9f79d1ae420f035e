"""A text that may or may not be at the provider, and when to look for it."""

from __future__ import annotations

from textback.outbox.pacing import Gate
from textback.store.messages import OutMessage

#: Seconds before a text of unknown fate is looked up, and before each new try when the look-up itself fails.
LOOKS = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Doubt:
    """To be looked up at once, unless ``look_later`` says otherwise."""

    def __init__(self, message: OutMessage) -> None:
        self.message = message
        self._gate = Gate()
        self._planned = 0

    def is_due(self, now: float) -> bool:
        """Whether to look now."""
        return not self._gate.left(now)

    def look_later(self, now: float) -> bool:
        """Plan a look, each one later than the one before; False when there have been enough of them."""
        if self._planned == len(LOOKS):
            return False
        self._gate.close(now, LOOKS[self._planned])
        self._planned += 1
        return True
