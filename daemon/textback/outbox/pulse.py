"""Which of the other senders are gone: those whose beat stands still."""

from __future__ import annotations

from collections.abc import Mapping

from textback.daemon_name import is_dead

#: Seconds between two beats.
BEAT = 5.0


class Pulse:
    """Watches the beats of the others; ``patience``: seconds for which a beat may stand still."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._seen: dict[str, tuple[int, float]] = {}

    def is_gone(self, name: str, beats: Mapping[str, tuple[int, float]], now: float) -> bool:
        """Whether the sender ``name`` is gone, by what is known at ``now``; who left has no beat any more.

        Of one on this machine it is known whether its process has died. That the beat of another one has moved is seen
        here, by our own clock: two machines need not agree on the time.
        """
        if name not in beats or is_dead(name):
            self._seen.pop(name, None)
            return True
        count, _ = beats[name]
        before, since = self._seen.get(name, (None, now))
        if before != count or now < since:
            before, since = self._seen[name] = (count, now)
        return now - since >= self._patience
