"""How a running daemon is: what only its memory knows, looked at without changing anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

#: Seconds without an event, while its link is up, after which a PBX is called quiet; a small one is, at night.
QUIET = 900.0


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """The link to one PBX. ``last_event_at`` in epoch seconds; ``tampered``: forged messages seen since the start."""

    pbx: str
    is_up: bool
    problem: str | None
    last_event_at: float | None
    events: int
    tampered: int


@dataclass(frozen=True, slots=True)
class Health:
    """Everything at one moment, ``at`` (epoch seconds).

    ``waiting``: facts that are read and not yet written, writes and looks that wait; ``database_failing_since``: since
    when the database takes nothing (epoch seconds). ``provider_trouble``: why no texts leave now, if that is so, and
    ``lines_in_trouble`` the same for single numbers; ``is_day_full``: ``per_day`` of the provider is used up.
    ``staff_not_told``: why staff are not told of replies now, by the way that they would be told.
    """

    at: float
    links: tuple[LinkHealth, ...] = ()
    facts_waiting: int = 0
    facts_dropped: int = 0
    writes_waiting: int = 0
    looks_waiting: int = 0
    database_failing_since: float | None = None
    provider: str = ""
    provider_trouble: str | None = None
    lines_in_trouble: dict[str, str] = field(default_factory=dict)
    is_day_full: bool = False
    staff_not_told: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps the daemon from its work, one sentence each; none: it is well. Without numbers."""
        down = [one for one in self.links if not one.is_up]
        found = [f"the link to {one.pbx} is down: {one.problem or 'no reason told'}" for one in down]
        if self.database_failing_since is not None:
            found.append(f"the database has taken nothing for {self.at - self.database_failing_since:.0f} s")
        if self.provider_trouble:
            found.append(f"the provider takes no texts: {self.provider_trouble}")
        if self.is_day_full:
            found.append("as many segments have left within a day as per_day allows: the rest waits")
        if self.lines_in_trouble:
            found.append(f"the provider refuses {len(self.lines_in_trouble)} of the lines")
        found += [f"staff are not told of replies by {how}: {why}" for how, why in self.staff_not_told.items()]
        return tuple(found)


#: Looks at it now; cheap, and from any thread.
Look = Callable[[], Health]
