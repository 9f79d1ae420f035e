"""How far the facts of a call were taken: by that a daemon knows what another one did with its own copy of them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

from textback.events import (
    CallerArrived,
    CallerKnown,
    DialplanSaid,
    Fact,
    Handled,
    HoldStarted,
    KeyPressed,
    NobodyAnswered,
    TextRequested,
)

#: fingerprints that are kept with a call
TAIL = 8

#: what tells two facts of a kind apart, wherever they are seen: no time, for each daemon has its own clock, nothing
#: that depends on how long a daemon has looked, and no number
_TELLING: dict[type[Fact], tuple[str, ...]] = {
    CallerKnown: ("withheld", "tampered"),
    HoldStarted: ("place", "queue"),
    KeyPressed: ("key",),
    NobodyAnswered: ("why", "queue"),
}


class Told(NamedTuple):
    """A fact that the link to a PBX told, the ``serial``-th of all.

    ``live``: it followed from an event, which every other daemon hears in the same order, not from what a resync
    found. ``number``: which it is of its call's facts, the arrival being the first; None where that was not seen.
    """

    serial: int
    fact: Fact
    live: bool
    number: int | None


@dataclass(frozen=True, slots=True)
class Heard:
    """The facts of one call that were taken: how many since its arrival, and the fingerprints of the last ones.

    ``count`` is None where some were not seen. ``stream``: in which unbroken hearing of the link the last ones came;
    0 where a resync told them.
    """

    count: int | None = 0
    tail: tuple[str, ...] = ()
    stream: int = 0

    def then(self, fact: Fact, stream: int) -> Heard:
        """The same with one fact more; what came before a gap says nothing about what comes after it."""
        if not stream:
            return Heard(None, (), 0)
        if stream != self.stream and self != NOTHING_HEARD:
            return Heard(None, (fingerprint(fact),), stream)
        count = None if self.count is None else self.count + 1
        return Heard(count, (*self.tail, fingerprint(fact))[-TAIL:], stream)


NOTHING_HEARD = Heard()


def comes_from_link(fact: Fact) -> bool:
    """Whether the link to the PBX told it, not the dialplan or call-centre software."""
    if isinstance(fact, (DialplanSaid, Handled, TextRequested)):
        return False
    if isinstance(fact, CallerArrived):
        return not fact.hearsay
    return not (isinstance(fact, (CallerKnown, NobodyAnswered)) and fact.told)


def fingerprint(fact: Fact) -> str:
    """What is the same for every daemon that was told of it."""
    telling: list[Any] = [getattr(fact, name) for name in _TELLING.get(type(fact), ())]
    return f"{zlib.crc32(repr((type(fact).__name__, *telling)).encode('utf-8', 'replace')):08x}"
