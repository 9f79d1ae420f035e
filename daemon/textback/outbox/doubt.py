"""A text that may or may not be at the provider, and when to look for it."""

from __future__ import annotations

from textback.gates import Gate
from textback.store.claims import OutMessage

#: Seconds before a text of unknown fate is looked up, and before each new try when the look-up itself fails.
LOOKS = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Doubt:
    """To be looked up at once, unless ``look_later`` says otherwise.

    ``sure_after``: seconds after its claim before which a text that is not there may still come to be, since the
    request may be on its way, or not in the provider's list yet. ``is_second``: it was given up before, and is
    looked for once more.
    """

    def __init__(self, message: OutMessage, sure_after: float, is_second: bool = False) -> None:
        self.message = message
        self.is_second = is_second
        self._sure_after = sure_after
        self._gate = Gate()
        self._planned = 0

    def is_due(self, now: float) -> bool:
        """Whether to look now."""
        return not self._gate.left(now)

    def look_later(self, now: float) -> bool:
        """Plan a look, each one later than the one before; False when there have been enough of them."""
        if self.is_second or self._planned == len(LOOKS):
            return False
        self._gate.close(now, LOOKS[self._planned])
        self._planned += 1
        return True

    def is_sure(self, now: float) -> bool:
        """Whether a text that was not found at ``now`` is not there; if not, a look is planned for when it will be."""
        early = self.message.claimed_at + self._sure_after - now
        if self.is_second or not 0 < early <= self._sure_after:
            return True
        self._gate.close(now, early)
        return False
