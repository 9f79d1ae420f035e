"""One life of the daemon in a child process, from its start to a quiet end, or to its death at a step."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from tests.faults.daemon import counts
from tests.faults.deaths import STEPS
from textback import config
from textback.app import App
from textback.pbx.patience import Patience
from textback.store.engine import open_engine

#: seconds in which a life must have come to its end
LIMIT = 60.0


def live(path: Path, ahead: float, callers: int, step: str | None = None, nth: int = 1) -> None:
    """The daemon, until so many have called and all is settled, or it has died at the step, for the n-th time."""
    logging.disable(logging.CRITICAL)
    if step is not None:
        STEPS[step](nth)
    asyncio.run(_live(path, lambda: time.time() + ahead, callers))


async def _live(path: Path, clock: Callable[[], float], callers: int) -> None:
    settings = config.load(path)
    app = App(settings, clock=clock, tick=0.01, patience=Patience(first_delay=0.01, longest_delay=0.01))
    stop, engine = asyncio.Event(), open_engine(settings.database.url)
    running = asyncio.create_task(app.run(stop, upgrade=False))
    async with asyncio.timeout(LIMIT):
        while not running.done() and not _is_settled(engine, callers):
            await asyncio.sleep(0.02)
    stop.set()
    await running
    engine.dispose()


def _is_settled(engine: Engine, callers: int) -> bool:
    known, waiting, in_hand = counts(engine)
    return known >= callers and waiting + in_hand == 0
