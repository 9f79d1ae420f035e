"""The daemon in figures, as Prometheus reads them: what memory knows, and of the database what it tells soon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

from textback.complaints import Complaints
from textback.health import Look
from textback.measures import Measures
from textback.metrics import families
from textback.store.faults import describe
from textback.store.gauges import Gauges, gauges
from textback.store.reader import Reader

__all__ = ["Metrics"]

#: Seconds that a scrape waits for the database; what memory knows is told all the same.
PATIENCE = 1.0


class Metrics:
    """What a scrape is answered with. ``read`` is a way into the database that nobody else has to wait for."""

    def __init__(
        self,
        look: Look,
        measures: Measures,
        read: Reader,
        complaints: Complaints,
        log_lost: Callable[[], int] = lambda: 0,
        patience: float = PATIENCE,
    ) -> None:
        self._look, self._measures, self._read, self._log_lost = look, measures, read, log_lost
        self._complaints, self._patience = complaints, patience
        self._looking: asyncio.Future[Gauges] | None = None
        self._found: Gauges | None = None
        # of our own: what some library counts in the registry that all share is nobody's business here
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._registry.register(self)

    async def scrape(self, accept: str) -> tuple[bytes, str]:
        """The answer in the form that ``accept`` (RFC 9110, 12.5.1) asks for, and its media type; never raises."""
        found = await self._gauges()
        encode, kind = choose_encoder(accept)
        self._found = found  # nothing waits from here on, so that of two scrapes at once each has its own
        return encode(self._registry), kind

    def collect(self) -> Iterator[Metric]:
        """What the registry asks for."""
        health = self._look()
        yield families.build()
        yield from families.links(health)
        yield from families.counted(self._measures, [link.pbx for link in health.links])
        yield from families.work(health, self._log_lost())
        yield from families.provider(health)
        yield from families.hooks(health)
        yield from families.stored(self._found, health.at)

    async def _gauges(self) -> Gauges | None:
        """None where the database does not answer in time; it is not asked again before it has."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._read(partial(gauges, now=self._look().at)))
            self._looking.add_done_callback(self._tell)
        looking = self._looking
        await asyncio.wait({looking}, timeout=self._patience)
        if not looking.done() or looking.cancelled() or looking.exception() is not None:
            return None
        return looking.result()

    def _tell(self, looking: asyncio.Future[Gauges]) -> None:
        error = None if looking.cancelled() else looking.exception()
        if error is not None:
            self._complaints.tell(f"the database does not answer a scrape: {describe(error)}", kind="scrape")
