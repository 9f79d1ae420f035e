"""A crash right after each step from a fact to a settled text: ``python -m tests.faults.steps --times 100``."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.faults.daemon import configure, prepare, rows, until
from tests.faults.deaths import STEPS
from tests.faults.lives import LIMIT, live
from tests.faults.pbx import Pbx
from tests.faults.twilio import FaultyTwilio
from tests.faults.verdict import Outcome
from textback.store import links
from textback.store.engine import reading

#: seconds that the daemon is dead: whoever watches its beat knows by then
DEAD = 600.0
#: how long the callers of one life wait, in seconds: their texts go one after the other
HOLDS = (0.02, 0.12, 0.22)

#: so many texts a second that one is in hand at a time: what is left of it tells at which step the daemon died
ONE = 1.99

#: the provider itself sees to this one: it has the text, and the daemon dies before it is answered
HTTP_SENT = "HTTP sent"
ALL_STEPS = (*STEPS, HTTP_SENT)
#: the one step after which only a person can tell: it may have been sent, and the provider knows of nothing
UNKNOWABLE = "claim committed"

# Children of a process that has imported everything, and has no threads.
_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(["textback.app", "tests.faults.lives"])


class Trial:
    """One step: the daemon dies there again and again, each time while some people call, and lives on."""

    def __init__(self, folder: Path, step: str, seed: int = 1, url: str = "") -> None:
        self.step = step
        self.callers: set[str] = set()
        self._folder = folder
        self._url = url or f"sqlite:///{folder / 'textback.db'}"
        self._chance = random.Random(seed)
        self._ahead = 0.0
        self._taken_until_death = sys.maxsize
        self._victim = 0

    def run(self, times: int) -> Outcome:
        """So many deaths, and what is left after them."""
        engine = prepare(self._url)
        with ExitStack() as stack:
            stack.callback(engine.dispose)
            self._engine = engine
            self._twilio = stack.enter_context(FaultyTwilio(clock=self._clock, on_taken=self._on_taken))
            self._pbx = stack.enter_context(Pbx("main", self._folder, self._clock))
            pbx = [self._pbx.section()]
            place = self._folder / "textback.toml"
            self._config = configure(place, self._url, self._twilio.url, pbx, timeout=5.0, rate=ONE)
            for _ in range(times):
                self._die()
                self._ahead += DEAD
                self._live_on()
            return Outcome(self.callers, *rows(engine), list(self._twilio.taken))

    def _die(self) -> None:
        nth, seen_at = self._chance.randint(1, len(HOLDS)), self._seen_at()
        if self.step == HTTP_SENT:
            self._taken_until_death = len(self._twilio.taken) + nth
        everybody = len(self.callers) + len(HOLDS)
        life = self._start(everybody, None if self.step == HTTP_SENT else self.step, nth)
        assert until(lambda: self._seen_at() != seen_at, LIMIT), "the daemon does not follow the PBX"
        for call in [self._pbx.call(self._next_number(), hold) for hold in HOLDS]:
            call.result(LIMIT)
        life.join(LIMIT)
        assert life.exitcode == -signal.SIGKILL, f"{self.step}: ended with {life.exitcode} instead of dying"
        self._taken_until_death = sys.maxsize

    def _live_on(self) -> None:
        life = self._start(len(self.callers))
        life.join(LIMIT)
        assert life.exitcode == 0, f"{self.step}: the daemon ended with {life.exitcode} after the restart"

    def _start(self, callers: int, step: str | None = None, nth: int = 1) -> Any:
        life = _fork.Process(target=live, args=(self._config, self._ahead, callers, step, nth), daemon=True)
        life.start()
        self._victim = life.pid or 0
        return life

    def _on_taken(self, count: int) -> None:
        if count >= self._taken_until_death:
            os.kill(self._victim, signal.SIGKILL)

    def _clock(self) -> float:
        return time.time() + self._ahead

    def _seen_at(self) -> float | None:
        with reading(self._engine) as connection:
            return links.seen_at(connection, "main")

    def _next_number(self) -> str:
        number = f"1202{5570000 + len(self.callers)}"
        self.callers.add(f"+{number}")
        return number


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=10, help="how often the daemon dies at each step")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--step", choices=ALL_STEPS, action="append", help="only this one")
    chosen = options.parse_args()
    faults: list[str] = []
    print(f"{'dies after':20} {'deaths':>7} {'texts':>7} {'sent':>7} {'unknown':>8} {'lost':>6} {'twice':>6}")
    for step in chosen.step or ALL_STEPS:
        with tempfile.TemporaryDirectory() as folder:
            outcome = Trial(Path(folder), step, chosen.seed).run(chosen.times)
        sent, unknown = outcome.states["sent"], outcome.states["unknown"]
        told = f"{len(outcome.texts):7} {sent:7} {unknown:8} {len(outcome.lost):6} {len(outcome.twice):6}"
        print(f"{step:20} {chosen.times:7} {told}", flush=True)
        faults += outcome.faults()
    print("\n".join(faults) or "every invariant holds")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
