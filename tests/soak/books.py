"""What is known without asking the daemon: who called, who wrote, who said STOP, and what staff were told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.soak.spans import Spans
from tests.soak.visits import Visit


@dataclass(eq=False, slots=True)
class Written:
    """A text that somebody wrote to the line; ``taken_at``: when the daemon said that it has it."""

    sid: str
    number: str
    body: str
    taken_at: float | None = None


@dataclass(eq=False, slots=True)
class Told:
    """Something that staff, or call-centre software, asked for; ``took``: whether the daemon said that it did it."""

    what: str
    number: str
    at: float
    took: bool
    message_id: str | None = None


@dataclass
class Books:
    """Filled by the harness alone. ``outages``: when something was broken that keeps texts from leaving in time."""

    #: calls that have not been audited yet, and the ids of all that there ever were
    open: dict[str, Visit] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    written: list[Written] = field(default_factory=list)
    #: when each number's STOP was taken (epoch seconds)
    stopped: dict[str, float] = field(default_factory=dict)
    #: by SID, whether the daemon took the news that it was delivered
    delivered: set[str] = field(default_factory=set)
    told: list[Told] = field(default_factory=list)
    #: when the daemon was frozen, or what it hears came late
    late: Spans = field(default_factory=Spans)
    outages: Spans = field(default_factory=Spans)
    database_away: Spans = field(default_factory=Spans)
    #: when hooks were asked, how long it took in seconds, and whether nothing was broken then
    hooks: list[tuple[str, float, bool]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def arrived(self, visit: Visit) -> None:
        """A caller's channel is there."""
        self.open[visit.id] = visit
        self.known.add(visit.id)
        self.kinds[visit.kind] += 1
