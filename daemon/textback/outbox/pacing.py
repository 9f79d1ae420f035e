"""When the line may send again: at the pace that the provider allows, and more slowly after trouble."""

from __future__ import annotations

from textback.gates import Backoff, Gate
from textback.sms import Fault, SendError

#: The longest pause of the whole line, in seconds, whatever the provider asks for.
LONGEST = 300.0


class Line:
    """The way to the provider: ``rate`` in segments per second, and ``trouble`` in words while there is any."""

    def __init__(self, rate: float) -> None:
        if rate <= 0:
            raise ValueError("rate must be above 0")
        self.trouble: str | None = None
        self._rate = rate
        self._gate = Gate()
        self._busy = Backoff(1.0, 60.0)
        self._alarm = Backoff(30.0, LONGEST)

    def left(self, now: float) -> float:
        """Seconds until the next text may go."""
        return self._gate.left(now)

    def spend(self, now: float, segments: int) -> None:
        """A text of so many segments goes now."""
        self._gate.close(now, max(segments, 1) / self._rate)

    def rest(self, now: float, error: SendError) -> float:
        """Pause all texts, since the next one would fare no better; returns for how many seconds."""
        backoff = self._alarm if error.kind is Fault.OURS else self._busy
        pause = min(max(backoff.pause(), error.retry_after or 0.0), LONGEST)
        self._gate.close(now, pause)
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

    def rest(self, now: float, number: str, error: SendError) -> float:
        """Pause the texts from one number; returns for how many seconds."""
        gate, backoff = self._gates.setdefault(number, (Gate(), Backoff(30.0, LONGEST)))
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
        return self.trouble.pop(number, None) is not None


def due_again(now: float, attempts: int, error: SendError, pause: float) -> float:
    """When (epoch seconds) a text that was not taken is due again, after ``attempts`` in vain.

    Always later than the line's own ``pause``, so that another text goes first: this one alone may be what is wrong.
    """
    patience = min(2.0 ** min(max(attempts, 1), 30), 60.0)
    return now + max(pause + 1.0, patience, error.retry_after or 0.0)
