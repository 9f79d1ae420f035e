"""The daemon's own desk, on a database that can be stopped, for ``tests.benchmarks.hooks``."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.practices import document, practice
from tests.servers import Postgresql
from textback.book import PracticeBook
from textback.clock import system_clock
from textback.desk import HookDesk, Known
from textback.errands import Errands
from textback.intake import Intake
from textback.store import migrations, practices
from textback.store.engine import open_engine
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.tracker import Tracker

UNBOUNDED = {"guards__per_minute": 0, "guards__per_day": 0, "guards__per_prefix": 0}
KINDS = ("memory", "sqlite", "postgresql", "stopped")


@asynccontextmanager
async def desk_on(kind: str) -> AsyncIterator[HookDesk]:
    """The desk for a PBX whose link is down, so that it believes whatever caller a dialplan asks about."""
    with TemporaryDirectory(prefix="textback-benchmark-") as folder:
        server = None if kind == "sqlite" else Postgresql()
        if server:
            server.start()
        with server.database() if server and kind != "stopped" else nullcontext() as url:
            url = url or (server.emptied() if server else f"sqlite:///{Path(folder) / 'textback.db'}")
            engine = open_engine(url)
            migrations.upgrade(engine)
            with engine.begin() as connection:
                practices.put(connection, practice(**UNBOUNDED).name, document(**UNBOUNDED), "benchmark", 0.0)
            log = logging.getLogger("textback.benchmark")
            log.setLevel(logging.CRITICAL)
            writer, reader, tracker = Writer(engine, log), Reader(engine), Tracker(["main"], PracticeBook())
            writer.start()
            intake = Intake(tracker, writer, system_clock, lambda decided: None, print, print, log=log)
            errands = Errands(tracker, intake, writer, reader, system_clock)
            if server and kind == "stopped":
                server.stop()
            try:
                yield HookDesk([Known("main", "en", lambda: False)], errands, intake, reader, system_clock)
            finally:
                writer.stop(1.0)
                reader.close()
                engine.dispose()
        if server:
            server.remove()
