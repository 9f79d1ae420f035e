"""Texts a second from the queue to the provider, beside a loop over Twilio's SDK: ``python -m tests.benchmarks.texts``.

Both are processes of their own that start with the same queue; what is taken is from one text that arrived to the last.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.benchmarks.table import Row, in_turns, show
from tests.faults.daemon import ROOT, Daemon, configure, prepare
from tests.faults.queue import fill
from tests.faults.twilio import FaultyTwilio
from tests.sms.fake_twilio import FakeTwilio, Request

LIMIT = 120.0
#: texts at the beginning that do not count: whoever sends is only starting
FIRST = 10
#: seconds until the provider answers: at once, and as over the internet
DELAYS = (0.0, 0.1)


class Far(FaultyTwilio):
    """One whose answers take a while."""

    def __init__(self, delay: float) -> None:
        super().__init__(timeout=15.0)
        self._delay = delay

    @property
    def headers(self) -> tuple[str, ...]:
        """It says that it hangs up after each answer, as it does."""
        return (*super().headers, "Connection: close")

    async def _answer(self, fake: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._delay)
        await super()._answer(fake, request, writer)


def by_script(file: Path, url: str) -> None:
    """The loop, until it is through."""
    command = [sys.executable, "-m", "tests.benchmarks.sms_script", str(file), url]
    subprocess.run(command, check=True, cwd=ROOT, timeout=LIMIT)


def by_daemon(file: Path, twilio: FaultyTwilio, count: int) -> None:
    """The daemon, until all have left."""
    config = configure(file.with_suffix(".toml"), f"sqlite:///{file}", twilio.url, timeout=15.0)
    log = file.with_suffix(".log")
    with Daemon(config, log, "textback") as daemon:
        sent = twilio.wait_posts(count, LIMIT)
        assert sent and daemon.stop() == 0, log.read_text()


def rate(side: str, count: int, delay: float) -> float:
    """Texts a second."""
    with tempfile.TemporaryDirectory() as folder, Far(delay) as twilio:
        file = Path(folder) / "textback.db"
        engine = prepare(f"sqlite:///{file}")
        fill(engine, count, time.time())
        engine.dispose()
        if side == "script":
            by_script(file, twilio.url)
        else:
            by_daemon(file, twilio, count)
        assert len({text.to for text in twilio.taken}) == len(twilio.taken) == count
        times = [text.at for text in twilio.taken[FIRST:]]
    return (len(times) - 1) / (times[-1] - times[0])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--texts", type=int, default=300)
    options.add_argument("--tries", type=int, default=3, help="the best of so many is taken")
    chosen = options.parse_args()
    rows = []
    for delay in DELAYS:
        sides = {side: partial(rate, side, chosen.texts, delay) for side in ("script", "daemon")}
        best = {side: max(found) for side, found in in_turns(sides, chosen.tries).items()}
        what = f"answered after {delay * 1e3:.0f} ms" if delay else "answered at once"
        rows.append(Row(what, best["daemon"] / best["script"], f"{best['script']:.0f} texts a second"))
    show("texts that the provider has", "times the speed of a loop", "loop over the SDK", rows)


if __name__ == "__main__":
    main()
