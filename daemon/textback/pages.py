"""Builds the pages: who may see them, what they show, and what keeps those that are open up to date."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.applications import Starlette

from textback.book import PracticeBook
from textback.clock import Clock
from textback.complaints import Complaints
from textback.config import Config
from textback.health import Look
from textback.metrics import Metrics
from textback.passwords import Passwords
from textback.reports.keeping import Keeping
from textback.sms import Provider
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.until import Work
from textback.web.access import Access
from textback.web.durable import Durable
from textback.web.pages.live import Live
from textback.web.pages.office import Office
from textback.web.pages.site import Site
from textback.web.monitors import Monitors
from textback.web.places import Places

#: Connections of browsers at once: each open page holds one.
MOST = 600

log = logging.getLogger("textback.pages")


class Pages:
    """What all pages stand on; their app may be made anew for another configuration, and open pages do not notice.

    ``secret``: what cookies are sealed with where the configuration has nothing of its own; ``health``: how we are.
    """

    def __init__(
        self, writer: Writer, reader: Reader, clock: Clock, secret: str, health: Look, metrics: Metrics
    ) -> None:
        self._writer, self._reader, self._clock = writer, reader, clock
        self._secret, self._health, self._metrics = secret, health, metrics
        self._complaints = Complaints(log, clock)
        self._passwords = Passwords()
        durable = Durable(self._complaints, log)
        self._live: Live = Live(Access(reader, writer, durable, clock, secret, secure=True).look)
        writer.on_commit = self._live.stir

    @property
    def works(self) -> list[Work]:
        """What runs beside the pages."""
        return [self._live.run, Keeping(self._reader, self._writer, PracticeBook(), self._clock).run, self._close]

    def app(self, config: Config, provider: Provider, on_work: Callable[[], None]) -> Starlette:
        """What shows the pages to staff. ``on_work`` is called once a text is queued."""
        http = config.http
        places = Places(http.listen, http.public_url)
        secret = http.secret.get_secret_value() if http.secret else self._secret
        durable = Durable(self._complaints, log)
        access = Access(self._reader, self._writer, durable, self._clock, secret, places.is_secure)
        reached = None if config.webhooks is None else config.webhooks.public_url or ""
        office = Office(access, PracticeBook(), provider, self._live, on_work, reached, self._health, config.ways)
        token = http.metrics_token.get_secret_value() if http.metrics_token else None
        monitors = Monitors(self._health, self._complaints, self._metrics.scrape, token)
        return Site(office, places, self._passwords, self._complaints, monitors).app()

    async def _close(self, stop: asyncio.Event) -> None:
        try:
            await stop.wait()
        finally:
            self._passwords.close()
