"""What goes wrong and when: made of a seed before anything begins, a fault a minute on every part."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.faults.misdeeds import POSTS

#: of these there is no more in the second half of a long run, so that one life is long enough to see memory grow
DEADLY = ("kill -9", "SIGTERM")
LONG = 10.0

#: the ways of a provider, by what a strike is called
WAYS: dict[str, tuple[float, tuple[str, ...]]] = {
    "hangs": (1.0, ("hangs, not taken", "hangs, taken")),
    "500": (0.7, ("500, taken", "500, not taken")),
    "429": (0.9, ("429",)),
    "HTML": (0.7, ("502 in HTML, taken", "502 in HTML, not taken", "201 with HTML")),
    "resets": (0.7, ("drops, taken", "drops, not taken", "drops in mid-answer, taken")),
    "anything": (0.35, tuple(name for name in POSTS if name != "400 for the line")),
}


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault: ``at`` seconds after the beginning, on which part, for how many seconds.

    ``chance``: 0…1, picks the victim.
    """

    at: float
    part: str
    name: str
    seconds: float
    chance: float


#: the faults of each part, with the seconds that they last
PARTS: dict[str, dict[str, tuple[float, float]]] = {
    "pbx": {
        "crash": (2, 8), "shutdown": (2, 8), "garbage": (1, 1), "no answers": (4, 12),
    },
    "network": {
        "cut": (0, 0), "half-open": (26, 32), "stall": (2, 6), "slow": (3, 8),
    },
    "database": {
        "cut": (0, 0), "gone": (3, 12), "hang": (3, 12), "slow": (5, 10), "stopped": (1, 8), "killed": (1, 6),
        "locked": (3, 10), "read_only": (2, 8), "full": (2, 8),
    },
    "provider": dict.fromkeys(WAYS, (4, 12)),
    "daemon": {"kill -9": (0.2, 3), "SIGTERM": (0.2, 3), "freeze": (2, 8), "SIGHUP": (0, 0)},
}  # fmt: skip


def plan(minutes: float, seed: int, daemons: int = 1) -> list[Strike]:
    """Every strike of a run, in order; in each minute one on every part, none in the last quarter of a minute."""
    chance, found = random.Random(seed), []
    decks: dict[str, list[str]] = {part: [] for part in PARTS}
    for minute in range(max(1, round(minutes))):
        room = min(1.0, minutes - minute)
        for part, faults in PARTS.items():
            calm = minutes > LONG and minute >= minutes / 2 and daemons == 1
            if not decks[part]:  # all kinds once before any comes again
                decks[part] = chance.sample(sorted(faults), len(faults))
            name = decks[part].pop()
            if calm and name in DEADLY:
                name = "freeze"
            seconds = chance.uniform(*faults[name])
            found.append(Strike(60 * (minute + chance.uniform(0.05, 0.7) * room), part, name, seconds, chance.random()))
    return sorted(found, key=lambda strike: strike.at)
