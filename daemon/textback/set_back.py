"""What is known of calls, in the times of a clock that was set back meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textback import call as calls
from textback.clock import STEP, Clock
from textback.events import Fact, HoldStarted
from textback.ledger import Entry

_TIMES = (
    "started_at", "hold_started_at", "offered_at", "answered_at", "ended_at", "waiting_since", "ringing_since",
    "asked_at", "deadline",
)  # fmt: skip


class SetBack:
    """Watches a clock; ``monotonic`` gives seconds of one that never jumps.

    Only going back is noticed: a clock that leaps ahead looks like a machine that was asleep.
    """

    def __init__(self, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._before = clock(), monotonic()

    def seconds(self) -> float:
        """By how many seconds the clock was set back since this was asked last."""
        (before, began), now, at = self._before, self._clock(), self._monotonic()
        self._before = now, at
        return before + (at - began) - now if now < before - STEP else 0.0


def entry_earlier(entry: Entry, by: float) -> Entry:
    """The same call ``by`` so many seconds earlier, with its story."""
    call = entry.call
    times = {name: at - by for name in _TIMES if (at := getattr(call, name)) is not None}
    story = tuple((at - by, words) for at, words in entry.story)
    settle_at = None if entry.settle_at is None else entry.settle_at - by
    return replace(entry, call=calls.replace(call, **times), story=story, settle_at=settle_at)


def fact_earlier(fact: Fact, by: float, now: float) -> Fact:
    """The fact, ``by`` so many seconds earlier if it came before the clock was set back to ``now``."""
    if fact.at <= now + STEP:
        return fact
    if isinstance(fact, HoldStarted):
        return replace(fact, at=fact.at - by, since=fact.since - by)
    return replace(fact, at=fact.at - by)
