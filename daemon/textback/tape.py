"""What the link to a PBX told lately, call by call: kept until it is known to stand in the database."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from textback.events import CallerArrived, CallerLeft, CallLost, Fact, LinkLost, LinkSynced, StaffReached
from textback.heard import Told

#: facts of one call, and of all, that are kept: some hours with a database that is gone
LONGEST, LIMIT = 64, 100_000
#: calls from inside that are kept
OUTBOUND = 200


class Tape:
    """The tape of one PBX; whoever writes for it, and whoever stands by, has one of their own."""

    def __init__(self, limit: int = LIMIT) -> None:
        #: since when the link is up and knows who is on the line, in epoch seconds; None: it is down
        self.synced_at: float | None = None
        #: calls that were forgotten because too many waited
        self.dropped = 0
        self.serial = 0
        self._limit = limit
        self._size = 0
        self._calls: dict[str, deque[Told]] = {}
        self._outbound: deque[Told] = deque(maxlen=OUTBOUND)
        #: the last number of each call that was seen from its arrival on, without a gap
        self._numbers: dict[str, int] = {}
        self._ended: dict[str, None] = {}

    def __len__(self) -> int:
        return self._size

    def __contains__(self, call_id: str) -> bool:
        """Whether anything of that call is on it, and not its end."""
        return call_id in self._calls and call_id not in self._ended

    def note(self, fact: Fact) -> None:
        """Keep a fact of the link."""
        self.serial += 1
        if isinstance(fact, LinkLost):
            self.synced_at = None
            self._numbers.clear()
        elif isinstance(fact, LinkSynced):
            self.synced_at = fact.at
        elif isinstance(fact, StaffReached):
            self._outbound.append(Told(self.serial, fact, self.is_live, None))
        else:
            self._note_call(fact)

    @property
    def is_live(self) -> bool:
        """Whether what is told now follows from events."""
        return self.synced_at is not None

    def _note_call(self, fact: Fact) -> None:
        call_id = fact.call_id
        if self.is_live and isinstance(fact, CallerArrived) and call_id not in self._calls:
            self._numbers[call_id] = 0
        number = self._numbers.get(call_id)
        if number is not None:
            number = self._numbers[call_id] = number + 1
        facts = self._calls.setdefault(call_id, deque())
        facts.append(Told(self.serial, fact, self.is_live, number))
        self._size += 1
        if len(facts) > LONGEST:
            del facts[1]  # the arrival is worth more
            self._size -= 1
        if isinstance(fact, (CallerLeft, CallLost)):
            self._ended[call_id] = None
        if self._size > self._limit:
            self.dropped += 1
            self.forget([next(iter(self._calls))])

    def forget(self, call_ids: Iterable[str]) -> None:
        """These calls are over, and stand in the database."""
        for call_id in call_ids:
            self._size -= len(self._calls.pop(call_id, ()))
            self._numbers.pop(call_id, None)
            self._ended.pop(call_id, None)

    def ended(self) -> list[str]:
        """The calls that have ended, the earliest first."""
        return list(self._ended)

    def told(self, after: int = 0) -> list[Told]:
        """Everything on the tape with a higher serial than that, in order."""
        every = [told for facts in (*self._calls.values(), self._outbound) for told in facts if told.serial > after]
        return sorted(every)
