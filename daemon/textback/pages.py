"""Builds the pages: who may see them, what they show, and what keeps those that are open up to date."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from textback.book import PracticeBook
from textback.clock import Clock
from textback.complaints import Complaints
from textback.config import Config
from textback.health import Look
from textback.listen import ListenError
from textback.listeners import Listening, Work
from textback.metrics import Metrics
from textback.passwords import Passwords
from textback.sms import Provider
from textback.reports.keeping import Keeping
from textback.store import keys
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.web.access import Access
from textback.web.durable import Durable
from textback.web.pages.live import Live
from textback.web.pages.office import Office
from textback.web.pages.site import Site
from textback.web.monitors import Monitors
from textback.web.places import Places
from textback.web.server import serve

#: Connections of browsers at once: each open page holds one.
MOST = 600

log = logging.getLogger("textback.pages")


async def pages(
    config: Config,
    writer: Writer,
    reader: Reader,
    provider: Provider,
    on_work: Callable[[], None],
    clock: Clock,
    listening: Listening,
    health: Look,
    metrics: Metrics,
) -> list[Work]:
    """What shows the pages to staff; each runs until its event is set. ``on_work`` is called once a text is queued."""
    http, complaints = config.http, Complaints(log, clock)
    places = Places(http.listen, http.public_url)
    secret = http.secret.get_secret_value() if http.secret else await writer.run(partial(keys.key, name="pages"))
    access = Access(reader, writer, Durable(complaints, log), clock, secret, places.is_secure)
    live: Live = Live(access.look)
    writer.on_commit = live.stir
    passwords = Passwords()
    reached = None if config.webhooks is None else config.webhooks.public_url or ""
    office = Office(access, PracticeBook(), provider, live, on_work, reached, health, config.ways)
    token = http.metrics_token.get_secret_value() if http.metrics_token else None
    monitors = Monitors(health, complaints, metrics.scrape, token)
    app = Site(office, places, passwords, complaints, monitors).app()
    heard = partial(listening.__setitem__, "http")

    async def work(stop: asyncio.Event) -> None:
        try:
            await serve(app, http.listen, stop, log, on_listening=heard, most=MOST)
        except ListenError as error:
            raise ListenError(f"[http] listen: {error}") from None
        finally:
            passwords.close()

    return [work, live.run, Keeping(reader, writer, PracticeBook(), clock).run]
