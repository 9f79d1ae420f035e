"""How a running daemon is: what only its memory knows, looked at without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from textback.latency import Latency

#: Seconds without an event, while its link is up, after which a PBX is called quiet; a small one is, at night.
QUIET = 900.0
#: Seconds after which a database that has not answered is a problem; a group of writes takes milliseconds.
HANGING = 15.0


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """The link to one PBX. ``last_event_at`` in epoch seconds; ``tampered``: forged messages seen since the start.

    ``writes``: whether this daemon writes its calls, else it stands by, which is as well; ``writer``: the daemon that
    does, as last seen, and ``standbys``: how many others would take over.
    """

    pbx: str
    is_up: bool
    problem: str | None
    last_event_at: float | None
    events: int
    tampered: int
    writes: bool = True
    writer: str | None = None
    standbys: int = 0


@dataclass(frozen=True, slots=True)
class HooksHealth:
    """What answers to one kind of dialplan, ``agi`` or ``esl``; ``latencies``: of each hook that only asks.

    Since the start: ``refused`` were no requests, ``tampered`` came from callers who forge, ``faults`` had no answer.
    """

    protocol: str
    refused: int
    tampered: int
    faults: int
    latencies: Mapping[str, Latency] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """Everything at one moment, ``at`` (epoch seconds).

    ``waiting``: facts that are read and not yet written, writes and looks that wait; ``database_failing_since``: since
    when the database takes nothing, ``database_busy_since``: since when it is at what it was given last, if it is
    (epoch seconds). ``provider_trouble``: why no texts leave now, if that is so, and
    ``lines_in_trouble`` the same for single numbers; ``is_day_full``: ``per_day`` of the provider is used up.
    ``staff_not_told``: why staff are not told of replies now, by the way that they would be told. ``practices``: how
    many there are; None: not known yet.
    """

    at: float
    links: tuple[LinkHealth, ...] = ()
    facts_waiting: int = 0
    facts_dropped: int = 0
    writes_waiting: int = 0
    looks_waiting: int = 0
    database_failing_since: float | None = None
    database_busy_since: float | None = None
    provider: str = ""
    provider_trouble: str | None = None
    lines_in_trouble: dict[str, str] = field(default_factory=dict)
    is_day_full: bool = False
    staff_not_told: dict[str, str] = field(default_factory=dict)
    practices: int | None = None
    hooks: tuple[HooksHealth, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps the daemon from its work, one sentence each; none: it is well. Without numbers."""
        down = [one for one in self.links if not one.is_up]
        found = [f"the link to {one.pbx} is down: {one.problem or 'no reason told'}" for one in down]
        if self.database_failing_since is not None:
            found.append(f"the database has taken nothing for {self.at - self.database_failing_since:.0f} s")
        elif self.database_silent >= HANGING:
            found.append(f"the database has not answered for {self.database_silent:.0f} s")
        if self.practices == 0:
            found.append("there is no practice, so nobody is texted: `textback practice apply FILE` loads one")
        if self.provider_trouble:
            found.append(f"the provider takes no texts: {self.provider_trouble}")
        if self.is_day_full:
            found.append("as many segments have left within a day as per_day allows: the rest waits")
        if self.lines_in_trouble:
            found.append(f"the provider refuses {len(self.lines_in_trouble)} of the lines")
        found += [f"staff are not told of replies by {how}: {why}" for how, why in self.staff_not_told.items()]
        return tuple(found)

    @property
    def database_silent(self) -> float:
        """Seconds for which the database has been at the last thing that it was given; 0 if it has answered."""
        return 0.0 if self.database_busy_since is None else max(self.at - self.database_busy_since, 0.0)


#: Looks at it now; cheap, and from any thread.
Look = Callable[[], Health]
