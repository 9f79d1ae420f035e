"""Two daemons, one PBX, `kill -9` in turn while callers call: ``python -m tests.faults.alternate --minutes 10``."""

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

from sqlalchemy import Engine, select

from tests.faults.daemon import Daemon, configure, counts, database, prepare, rows, until
from tests.faults.pbx import Pbx
from tests.faults.twilio import FaultyTwilio
from tests.faults.verdict import Outcome
from textback.store.engine import reading
from textback.store.shared_tables import leases, standbys

#: seconds that callers hold, at least and at most: some for longer than a daemon lives
HOLDS = (0.2, 25.0)
#: seconds between the moment from which both hear, and the next strike: so long what was heard by one may be in hand
SETTLED = 2.0
#: seconds between two looks
LOOK = 0.05
_PROGRAMS = ("tests.faults.hasty", "tests.faults.apart")


@dataclass
class Alternation:
    """The PBX keeps no records: what nobody heard would be lost. Times in seconds; ``rate`` in callers a second.

    ``freeze``: every third time, the one that writes is not killed but stopped for a while. ``apart``: neither can see
    whether the other one's process is there.
    """

    folder: Path
    url: str
    seconds: float
    seed: int = 1
    rate: float = 5.0
    every: float = 10.0
    freeze: bool = False
    apart: bool = True
    patience: float = 90.0
    callers: set[str] = field(default_factory=set)
    #: how long nobody wrote after each kill of the one that did
    gaps: list[float] = field(default_factory=list)
    kills: int = 0
    freezes: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self._calling: list[Future[None]] = []

    def run(self) -> Outcome:
        """So many seconds of it, and the calm after it."""
        engine = prepare(self.url)
        with ExitStack() as stack:
            stack.callback(engine.dispose)
            twilio = stack.enter_context(FaultyTwilio(self.seed))
            pbx = stack.enter_context(Pbx("main", self.folder))
            section = pbx.section()
            del section["queue_log"]
            config = configure(self.folder / "textback.toml", self.url, twilio.url, [section], timeout=5.0)
            logs, program = [self.folder / f"daemon{number}.log" for number in (0, 1)], _PROGRAMS[self.apart]
            pair = [stack.enter_context(Daemon(config, log, program)) for log in logs]
            assert until(lambda: self._stands_by(engine), self.patience), "nobody stands by"
            self._play(engine, pbx, pair)
            assert until(lambda: all(call.done() for call in self._calling), HOLDS[1] + self.patience)
            until(lambda: self._is_calm(engine), self.patience)
            assert not any(daemon.has_ended for daemon in pair), "a daemon ended by itself"
            return Outcome(self.callers, *rows(engine), list(twilio.taken))

    def _play(self, engine: Engine, pbx: Pbx, pair: list[Daemon]) -> None:
        began, turn = time.monotonic(), self._turns(engine, pair)
        # A busy machine needs longer until enough has happened.
        while (spent := time.monotonic() - began) < self.seconds or self._too_little(spent):
            while len(self.callers) < spent * self.rate:
                self._call(pbx)
            next(turn)
            time.sleep(LOOK)  # for so long nothing is due
        # The last one that was struck is there again.
        assert until(lambda: next(turn) == "", self.patience)

    def _too_little(self, spent: float) -> bool:
        return (self.kills < 2 or not self.gaps) and spent < 6 * self.seconds

    def _call(self, pbx: Pbx) -> None:
        number = f"1202{5570000 + len(self.callers)}"
        self.callers.add(f"+{number}")
        hold = self.chance.uniform(*HOLDS) if self.chance.random() < 0.5 else self.chance.uniform(HOLDS[0], 3.0)
        self._calling.append(pbx.call(number, hold))

    def _turns(self, engine: Engine, pair: list[Daemon]) -> Iterator[str]:
        """Strikes one after the other, every so many seconds; tells what it waits for, "" where all is well."""
        for number in range(sys.maxsize):
            victim, struck = pair[number % 2], time.monotonic()
            yield from self._strike(engine, victim, is_frozen=self.freeze and number % 3 == 2)
            while not self._stands_by(engine):
                yield "a standby"
            ready = time.monotonic()
            while time.monotonic() < max(struck + self.every, ready + SETTLED):
                yield ""

    def _strike(self, engine: Engine, victim: Daemon, is_frozen: bool) -> Iterator[str]:
        holder, struck = self._holder(engine), time.monotonic()
        if is_frozen:
            victim.freeze()
            self.freezes += 1
        else:
            victim.kill()
            victim.start()
            self.kills += 1
        was_writing = True
        while self._holder(engine) in (holder, None):
            if time.monotonic() - struck > 6.0:  # it was the other one that stood by
                was_writing = False
                break
            yield "somebody who writes"
        if was_writing:
            self.gaps.append(time.monotonic() - struck)
        if is_frozen:
            victim.thaw()

    def _holder(self, engine: Engine) -> str | None:
        with reading(engine) as connection:
            found: str | None = connection.execute(select(leases.c.holder)).scalar()
        return found

    def _stands_by(self, engine: Engine) -> bool:
        """Whether one writes, and another one has its link up and is ready."""
        with reading(engine) as connection:
            holder = connection.execute(select(leases.c.holder)).scalar()
            ready = connection.execute(select(standbys.c.daemon, standbys.c.seen_at).where(standbys.c.is_up)).all()
        return holder is not None and any(one.daemon != holder and time.time() - one.seen_at < 1.5 for one in ready)

    def _is_calm(self, engine: Engine) -> bool:
        known, waiting, in_hand = counts(engine)
        return known >= len(self.callers) and waiting + in_hand == 0

    def report(self, outcome: Outcome) -> str:
        """What happened, for people."""
        gaps = sorted(self.gaps) or [0.0]
        states = ", ".join(f"{count} {state}" for state, count in sorted(outcome.states.items()))
        lost = sum(call["disposition"] != "abandoned" for call in outcome.calls)
        twice = len(outcome.calls) - len({call["caller"] for call in outcome.calls})
        return "\n".join((
            f"{len(self.callers)} callers, {len(outcome.calls)} calls, {len(outcome.texts)} texts: {states}",
            f"{self.kills} times killed, {self.freezes} times frozen; {len(self.gaps)} times another one took over, "
            f"after {gaps[len(gaps) // 2]:.1f} s, {gaps[-1]:.1f} s at most",
            f"calls: {lost + len(outcome.lost)} lost, {twice} doubled; "
            f"texts: {len(outcome.lost)} missing, {len(outcome.twice)} sent twice",
        ))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--rate", type=float, default=5.0, help="callers a second")
    options.add_argument("--every", type=float, default=10.0, help="seconds between two kills")
    options.add_argument("--freeze", action="store_true", help="stop the one that writes, every third time")
    options.add_argument("--together", action="store_true", help="on one machine, where the dead can be seen")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    options.add_argument("--keep", type=Path, help="a folder for the database and the logs; else they are removed")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        with database(chosen.database, folder) as url:
            seconds, how = 60 * chosen.minutes, (chosen.freeze, not chosen.together)
            play = Alternation(folder, url, seconds, chosen.seed, chosen.rate, chosen.every, *how)
            outcome = play.run()
    print(play.report(outcome))
    print("\n".join(outcome.faults()) or "every invariant holds")
    return 1 if outcome.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
