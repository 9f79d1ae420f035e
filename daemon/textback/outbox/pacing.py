"""When the line may send again: at the pace that the provider allows, and more slowly after trouble."""

from __future__ import annotations

from textback.gates import Backoff, Gate
from textback.sms import Fault, SendError

#: The longest pause of the whole line, in seconds, whatever the provider asks for.
LONGEST = 300.0


#: The most texts that are in hand at once, each with a connection of its own to the provider.
MOST = 16


def at_once(rate: float) -> int:
    """How many texts may be in hand at once: as many as may leave within a second, which a provider may take for one.

    ``rate``: segments per second.
    """
    return max(1, min(int(rate), MOST))


class Line:
    """The way to the provider: ``rate`` in segments per second, and ``trouble`` in words while there is any."""

    def __init__(self, rate: float) -> None:
        if rate <= 0:
            raise ValueError("rate must be above 0")
        self.trouble: str | None = None
        self._rate = rate
        self._gate = Gate()
        self._rested_at = 0.0
        self._busy = Backoff(1.0, 60.0)
        self._alarm = Backoff(30.0, LONGEST)

    def left(self, now: float) -> float:
        """Seconds until the next text may go."""
        return self._gate.left(now)

    def spend(self, now: float, segments: int) -> None:
        """A text of so many segments goes now."""
        self._gate.close(now, max(segments, 1) / self._rate)

    def rest(self, now: float, error: SendError, handed_at: float | None = None) -> float:
        """Pause all texts, since the next one would fare no better; returns for how many seconds.

        Of several that were in hand at once (``handed_at``: since when), the first one to fail has said it for all.
        """
        backoff = self._alarm if error.kind is Fault.OURS else self._busy
        is_told = handed_at is not None and handed_at < self._rested_at <= now
        pause = self._gate.left(now) if is_told else backoff.pause()
        pause = min(max(pause, error.retry_after or 0.0), LONGEST)
        self._gate.close(now, pause)
        self._rested_at = self._rested_at if is_told else now
        self.trouble = f"{error.kind}: {error}"
        return pause

    def works(self) -> bool:
        """The provider has judged a text; returns whether there was trouble before."""
        was = self.trouble is not None
        self._busy.reset()
        self._alarm.reset()
        self.trouble = None
        return was


class Numbers:
    """The texting numbers that the provider refuses, each on its own, with the trouble in words."""

    def __init__(self) -> None:
        self.trouble: dict[str, str] = {}
        self._gates: dict[str, tuple[Gate, Backoff]] = {}
        self._rested_at: dict[str, float] = {}

    def rest(self, now: float, number: str, error: SendError, handed_at: float | None = None) -> float:
        """Pause the texts from one number; returns for how many seconds. ``handed_at`` as for the line."""
        gate, backoff = self._gates.setdefault(number, (Gate(), Backoff(30.0, LONGEST)))
        if handed_at is not None and handed_at < self._rested_at.get(number, 0.0) <= now:
            return gate.left(now)
        self._rested_at[number] = now
        pause = backoff.pause()
        gate.close(now, pause)
        self.trouble[number] = f"{error.kind}: {error}"
        return pause

    def resting(self, now: float) -> list[str]:
        """The numbers from which nothing can be sent now."""
        return [number for number, (gate, _) in self._gates.items() if gate.left(now)]

    def works(self, number: str) -> bool:
        """The provider has judged a text from this number; returns whether there was trouble before."""
        self._gates.pop(number, None)
        self._rested_at.pop(number, None)
        return self.trouble.pop(number, None) is not None


def due_again(now: float, attempts: int, error: SendError, pause: float) -> float:
    """When (epoch seconds) a text that was not taken is due again, after ``attempts`` in vain.

    Always later than the line's own ``pause``, so that another text goes first: this one alone may be what is wrong.
    """
    patience = min(2.0 ** min(max(attempts, 1), 30), 60.0)
    return now + max(pause + 1.0, patience, error.retry_after or 0.0)
