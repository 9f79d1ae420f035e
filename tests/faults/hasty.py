"""The command line of textback, with an outbox that is as patient with trouble as a test is: not very."""

from __future__ import annotations

from textback import outbox
from textback.__main__ import main
from textback.outbox import doubt, pacing

#: every pause that lasts for seconds in earnest lasts for a fraction of that here
HASTE = 20.0


def hurry() -> None:
    """Shorten the pauses after trouble; what tells a dead sender from a live one stays as it is."""
    doubt.LOOKS = tuple(seconds / HASTE for seconds in doubt.LOOKS)
    earnest, patient = pacing.Backoff.pause, pacing.due_again
    pacing.Backoff.pause = lambda backoff: earnest(backoff) / HASTE  # type: ignore[method-assign]
    outbox.due_again = lambda now, *trouble: now + (patient(now, *trouble) - now) / HASTE


if __name__ == "__main__":
    hurry()
    main()
