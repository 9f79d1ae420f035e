"""A PBX's own records of its calls: what happened on the line while nobody looked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import NamedTuple

from textback.events import CallerArrived, CallerKnown, Fact, KeyPressed, Ringing, StaffReached, Talking
from textback.pbx.records.call_record import SLACK
from textback.pbx.records.local_time import born
from textback.pbx.records.retelling import Moment
from textback.pbx.records.rotated import Progress, nothing
from textback.pbx.records.source import Source

#: seconds before the first call that is asked for, for clocks that differ
_BEFORE = 60.0


class Visit(NamedTuple):
    """A caller's call in the records: who, when, and what happened; ``ended`` None: the records do not tell it."""

    uniqueid: str
    arrived: CallerArrived
    ended: float | None
    moments: tuple[Moment, ...] = ()


class Records(ABC):
    """The records of one PBX; ``trunks``: patterns of the channels whose far end is outside.

    ``contexts``: where callers arrive (anywhere, if empty).
    """

    #: seconds after the end of a call until it is surely there
    lag = 0.0

    def __init__(self, pbx: str, trunks: Iterable[str], contexts: Iterable[str] = (), language: str = "en") -> None:
        self.pbx = pbx
        self.language = language
        self._trunks = tuple(trunks)
        self._contexts = frozenset(contexts)

    @property
    @abstractmethod
    def sources(self) -> tuple[Source, ...]:
        """What is read."""

    @abstractmethod
    def visits(
        self, since: float, known: Collection[str] = (), on_bytes: Progress = nothing
    ) -> Iterator[Visit | StaffReached]:
        """The callers' calls, in about the order of their ends, and what staff did outside meanwhile.

        ``known``: Uniqueids of which it is known that they are callers' calls. With the keys that the records tell.
        """

    def settle(self, open_calls: Collection[str], since: float, until: float) -> list[Fact]:
        """The facts of the callers' calls that ended between ``since`` and ``until`` (epoch seconds), in order.

        ``open_calls``: Uniqueids of the callers who were on the line at ``since`` and are gone now; what was true for
        them then is known, so that only later facts are told. All other calls began after ``since``, and are told from
        their arrival on. A call of which the records do not tell the end has no facts. Records have whole seconds:
        a fact may be up to one second early. Raises ``RecordsError`` or ``OSError`` if a record cannot be read.
        """
        known = frozenset(open_calls)
        first = min([since, *(made for made in map(born, known) if made is not None)])
        seen_from = float(int(since))
        facts: list[Fact] = []
        for found in self.visits(first - _BEFORE, known):
            if isinstance(found, StaffReached):
                facts += [found] if seen_from <= found.at <= until else []
            elif found.ended is None or not seen_from - SLACK <= found.ended <= until + SLACK:
                continue
            elif found.uniqueid in known:
                facts += [*_of_number(found.arrived, seen_from), *_since(found.moments, seen_from)]
            elif found.arrived.at >= seen_from and found.ended <= until:
                facts += [found.arrived, *(moment.fact for moment in found.moments)]
        facts = [fact for fact in facts if not isinstance(fact, KeyPressed)]
        return sorted(facts, key=attrgetter("at", "call_id"))

    def is_trunk(self, channel: str) -> bool:
        """Whether the far end of that channel is outside."""
        return any(fnmatchcase(channel, pattern) for pattern in self._trunks)

    def call_id(self, uniqueid: str) -> str:
        """The id of a call, by its channel's."""
        return f"{self.pbx}/{uniqueid}"


def in_order(told: Iterable[Moment], at: float) -> Iterator[Moment]:
    """No fact before the one that it follows."""
    for moment in told:
        at = max(at, moment.fact.at)
        yield moment if moment.fact.at == at else moment._replace(fact=replace(moment.fact, at=at))


def _of_number(arrived: CallerArrived, at: float) -> Iterator[Fact]:
    """What a record may tell of a number that no event did: it is hidden, or forged."""
    if arrived.withheld or arrived.tampered:
        yield CallerKnown(arrived.call_id, at, None, arrived.withheld, arrived.tampered)


def _since(told: Iterable[Moment], since: float) -> Iterator[Fact]:
    """The facts from ``since`` on, and who was talked with, or rang, at that moment, as it may have begun unseen.

    Records have whole seconds: what was over in that very second may not have been over then.
    """
    for moment in told:
        if moment.fact.at >= since:
            yield moment.fact
        elif isinstance(moment.fact, Talking | Ringing) and moment.until >= since:
            yield replace(moment.fact, at=since)
