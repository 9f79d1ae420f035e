"""The pages as they are served, on a database of a benchmark."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Engine

from tests.benchmarks.years import END
from tests.web.browser import HASHER, Time, Visited
from tests.web.visitor import LOG, site
from textback.book import PracticeBook
from textback.complaints import Complaints
from textback.passwords import Passwords
from textback.sms.console import Console
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.web.access import Access
from textback.web.durable import Durable
from textback.web.pages.live import Live
from textback.web.pages.office import Office
from textback.web.pages.site import Site
from textback.web.places import Places


@asynccontextmanager
async def opened(engine: Engine, most: int = 600) -> AsyncIterator[tuple[Visited, Live, Writer]]:
    """All pages on a free port, at the end of the two years; whoever wants live updates runs them."""
    time, passwords, complaints = Time(END + 1.0), Passwords(HASHER), Complaints(LOG)
    writer, reader = Writer(engine, LOG, clock=time), Reader(engine)
    places = Places(("127.0.0.1", 0))
    access = Access(reader, writer, Durable(complaints, LOG), time, "a secret of the benchmark", places.is_secure)
    live = Live(access.look)
    writer.on_commit = live.stir
    app = Site(Office(access, PracticeBook(), Console(), live), places, passwords, complaints).app()
    writer.start()
    try:
        async with site(app, most=most) as there:
            yield Visited(there, app, engine, time, access, passwords, False), live, writer
    finally:
        passwords.close()
        reader.close()
        writer.stop()
