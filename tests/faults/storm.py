"""Callers, a provider gone mad, locks, `kill -9`, all at once: ``python -m tests.faults.storm --texts 2000``."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from tests.faults.callbacks import Callbacks
from tests.faults.daemon import Daemon, configure, counts, database, prepare, rows, until
from tests.faults.locks import Stranger
from tests.faults.pbx import Pbx
from tests.faults.twilio import FaultyTwilio
from tests.faults.verdict import Outcome

#: so many callers may wait for the end of their story, and so many come between two strikes
OPEN, SHARE = 25, 12
#: seconds that a caller holds, at most
HOLD = 0.6
#: seconds that a daemon lives: often too few to see that the one before it is dead
SHORT, LONG = (1.5, 4.0), (4.0, 12.0)
#: seconds between two looks into the database
LOOK = 0.3


@dataclass
class Storm:
    """One PBX for each daemon, all on one database and one provider; times in seconds.

    ``sins``: how large a part of the provider's answers is wrong; ``patience``: how long the daemon may take for
    all that is left, once everybody behaves.
    """

    folder: Path
    url: str
    texts: int
    seed: int
    daemons: int = 1
    sins: float = 0.35
    timeout: float = 1.0
    lag: float = 0.3
    patience: float = 120.0
    kills: int = 0
    freezes: int = 0
    seconds: float = 0.0
    callers: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.twilio = FaultyTwilio(self.seed, sins=self.sins, timeout=self.timeout, lag=self.lag)
        self.stranger = Stranger(self.url, self.seed)
        self._moved = self._strikes = 0
        self._frozen: Daemon | None = None
        self._looked_at = 0.0
        self._calling: list[Future[None]] = []

    def run(self) -> Outcome:
        """The storm, and the calm after it."""
        began = time.monotonic()
        engine = prepare(self.url)
        with ExitStack() as stack:
            stack.callback(engine.dispose)
            stack.enter_context(self.twilio)
            pbxes = [stack.enter_context(Pbx(f"pbx{number}", self.folder)) for number in range(self.daemons)]
            daemons = [stack.enter_context(self._daemon(pbx)) for pbx in pbxes]
            posting = random.Random(self.seed)
            self.twilio.callbacks = Callbacks(lambda: [port for each in daemons for port in each.ports], posting)
            assert until(lambda: all(daemon.has_said("link is up") for daemon in daemons), self.patience)
            with self.stranger:
                self._rage(engine, pbxes, daemons)
            self.twilio.heal()
            until(lambda: self._is_calm(engine, daemons), self.patience)
            self.seconds = time.monotonic() - began
            told = frozenset(self.twilio.callbacks.delivered)
            return Outcome(self.callers, *rows(engine), list(self.twilio.taken), told)

    def _daemon(self, pbx: Pbx) -> Daemon:
        config = self.folder / f"{pbx.name}.toml"
        configure(config, self.url, self.twilio.url, [pbx.section()], self.timeout)
        return Daemon(config, self.folder / f"{pbx.name}.log")

    def _rage(self, engine: Engine, pbxes: list[Pbx], daemons: list[Daemon]) -> None:
        next_kill, last = self._next_kill(), time.monotonic() + self.patience + 2 * self.texts
        while self._goes_on() and time.monotonic() < last:
            self._look(engine)
            self._let_call(pbxes)
            if next(next_kill):
                self._strike(daemons)
                self._strikes += 1
                next_kill = self._next_kill()
        self._thaw()

    def _goes_on(self) -> bool:
        return len(self.callers) < self.texts or self._moved < 0.95 * self.texts

    def _next_kill(self) -> Iterator[bool]:
        """Whether it is time to kill: some time after now, or in the moment of a certain request."""
        at = time.monotonic() + self.chance.choice((self.chance.uniform(*SHORT), self.chance.uniform(*LONG)))
        post = self.twilio.posts + self.chance.randint(1, 25) if self.chance.random() < 0.6 else sys.maxsize
        while True:
            yield self.twilio.wait_posts(post, 0.02) or time.monotonic() > at

    def _strike(self, daemons: list[Daemon]) -> None:
        """Kill one, or let one sleep for a while, so that the other takes it for dead."""
        if self._thaw():
            return
        daemon = self.chance.choice(daemons)
        if len(daemons) > 1 and self._strikes % 3 == 2:
            daemon.freeze()
            self._frozen, self.freezes = daemon, self.freezes + 1
        else:
            self._kill(daemon)

    def _thaw(self) -> bool:
        frozen, self._frozen = self._frozen, None
        if frozen is not None:
            frozen.thaw()
        return frozen is not None

    def _kill(self, daemon: Daemon) -> None:
        assert not daemon.has_ended, "the daemon ended by itself"
        time.sleep(self.chance.uniform(0, 0.02))  # no condition could be waited for: any moment will do
        daemon.kill()
        daemon.start()
        self.kills += 1

    def _look(self, engine: Engine) -> None:
        if time.monotonic() - self._looked_at > LOOK:
            known, waiting, _ = counts(engine)
            self._moved, self._looked_at = known - waiting, time.monotonic()

    def _let_call(self, pbxes: list[Pbx]) -> None:
        self._calling = [call for call in self._calling if not call.done()]
        few = min(self.texts, SHARE * (self._strikes + 1))
        while len(self.callers) < few and len(self.callers) - self._moved < OPEN:
            number = f"1202{5570000 + len(self.callers)}"
            self.callers.add(f"+{number}")
            pbx = self.chance.choice(pbxes)
            self._calling.append(pbx.call(number, self.chance.uniform(0.05, HOLD)))

    def _is_calm(self, engine: Engine, daemons: list[Daemon]) -> bool:
        assert not any(daemon.has_ended for daemon in daemons), "a daemon ended by itself"
        known, waiting, in_hand = counts(engine)
        return known >= self.texts and waiting + in_hand == 0 and all(call.done() for call in self._calling)

    def report(self, outcome: Outcome) -> str:
        """What happened, for people."""
        trouble = ", ".join(f"{name} {count}" for name, count in sorted(self.twilio.misdeeds.items()))
        states = ", ".join(f"{count} {state}" for state, count in sorted(outcome.states.items()))
        return "\n".join((
            f"{len(self.callers)} callers, {len(outcome.texts)} texts in {self.seconds:.0f} s: {states}",
            f"{self.kills} times killed, {self.freezes} times frozen, "
            f"{self.stranger.locks} locks, {self.stranger.cuts} connections cut",
            f"the provider was asked {self.twilio.posts} times and took {len(outcome.taken)}; it erred: {trouble}",
            f"lost: {len(outcome.lost)}; handed over twice: {len(outcome.twice)}; unknown: "
            f"{outcome.states['unknown']}, of which the provider has {outcome.unknown_but_taken}",
        ))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--texts", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--daemons", type=int, default=1)
    options.add_argument("--sins", type=float, default=0.35, help="how large a part of the provider's answers is wrong")
    options.add_argument("--keep", type=Path, help="a folder for the database and the logs; else they are removed")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        with database(chosen.database, folder) as url:
            storm = Storm(folder, url, chosen.texts, chosen.seed, chosen.daemons, chosen.sins)
            outcome = storm.run()
    print(storm.report(outcome))
    print("\n".join(outcome.faults()) or "every invariant holds")
    return 1 if outcome.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
