"""Builds everything, runs it in one task group, and stops it in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial

from sqlalchemy import Connection, Engine

from textback import listeners, logs
from textback.book import PracticeBook
from textback.clock import Clock, system_clock
from textback.complaints import Complaints
from textback.config import Config, Pbx
from textback.daemon_name import own_name
from textback.duty import Duty
from textback.elsewhere import judge_elsewhere_again
from textback.errands import Errands
from textback.following import known_calls, link_of
from textback.health import Health, HooksHealth, LinkHealth
from textback.hooks.server import HookServer
from textback.intake import Intake
from textback.judge import judge_again
from textback.ledger import Entry
from textback.measures import Measures
from textback.metrics import Metrics
from textback.model import Decision
from textback.nightly import Nightly
from textback.orders import Order
from textback.outbox import Outbox
from textback.pages import pages
from textback.pbx.link import Link
from textback.pbx.patience import Patience
from textback.providers import provider_of
from textback.retention import Ages
from textback.rota import Rota
from textback.sms import Provider
from textback.store import leases, links, migrations
from textback.store.claims import OutMessage
from textback.store.engine import StoreError, limit_silence, open_engine
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.tidings import Tidings
from textback.tracker import Tracker
from textback.trigger import Trigger

TICK = 0.25
#: seconds that the database has at the end to take what waits; so many if it has failed already
LAST_WRITES, LAST_TRY = 5.0, 1.0
#: seconds after which the database gives up on a daemon that hangs in the middle of a transaction
HANGS = 3.0

log = logging.getLogger("textback")


class App:
    """The daemon for one configuration. ``on_decided`` hears of every verdict once it is durable.

    ``tick``: seconds between two looks at the deadlines of the calls; ``patience``: how long the links wait for what.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock = system_clock,
        on_decided: Callable[[list[Entry]], None] = lambda decided: None,
        provider: Provider | None = None,
        tick: float = TICK,
        patience: Patience = Patience(),
    ) -> None:
        self._config = config
        self._tick = tick
        self._patience = patience
        self._clock = clock
        self._on_decided = on_decided
        self._provider = provider
        #: what this daemon is called among others
        self.name = own_name()
        self._accounting: set[asyncio.Task[None]] = set()
        self.links: dict[str, Link] = {}
        self.listening: listeners.Listening = {}
        self.tidings: Tidings | None = None
        self.measures = Measures()
        self._hooks: list[HookServer] = []

    async def run(self, stop: asyncio.Event, upgrade: bool = True) -> None:
        """Run until ``stop``. Raises ``StoreError`` if the database cannot be used at the start."""
        engine = open_engine(self._config.database.url)
        try:
            _prepare(engine, upgrade)
            limit_silence(engine, HANGS)
            writer, reader = Writer(engine, logging.getLogger("textback.store"), clock=self._clock), Reader(engine)
            scraper = Reader(engine, threads=1)  # what pages ask for must not make a scrape wait
            writer.start()
            try:
                await self._run(writer, reader, scraper, stop)
            finally:
                reader.close()
                scraper.close()
                patience = LAST_TRY if writer.failing_since is not None else LAST_WRITES
                if not await asyncio.to_thread(writer.stop, patience):
                    log.error("the database would not take the last facts: the next start learns them from the PBX")
        finally:
            engine.dispose()

    async def _run(self, writer: Writer, reader: Reader, scraper: Reader, stop: asyncio.Event) -> None:
        pbxes = self._config.pbx
        tracker = await _tracker(writer, [pbx.name for pbx in pbxes], self.name)
        provider = self._provider or provider_of(self._config, self._clock)
        outbox = self._outbox(writer, provider)
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        intake = self._intake(tracker, writer, outbox, failed)
        rota = self._rota = Rota(self.name, [pbx.name for pbx in pbxes], intake, reader, writer, self._clock)
        # What nobody holds is taken before anything is heard: a daemon that is alone never stands by.
        await rota.look()
        await intake.drained()
        following = [await self._link(pbx, writer, intake) for pbx in pbxes]
        errands = Errands(tracker, intake, writer, reader, self._clock, lambda: bool(rota.ready))
        duty = Duty(self.name, writer, reader)
        tidings = self.tidings = Tidings(self._config, writer, self._clock, poll=8 * self._tick)
        works: list[listeners.Work] = [rota.run, errands.run, duty.run, tidings.run]
        flows = Trigger(errands, writer, reader, self._clock, outbox.nudge, measures=self.measures)
        shared = (self._clock, self.listening, self.measures, duty.is_ours)
        works += listeners.replies(self._config, writer, provider, outbox, flows, *shared)
        health = partial(self.health, writer, reader, intake, outbox, provider, tidings)
        metrics = Metrics(health, self.measures, scraper, Complaints(log, self._clock), logs.lost)
        shown = (self._clock, self.listening, health, metrics)
        works += await pages(self._config, writer, reader, provider, outbox.nudge, *shown)
        works += _nightly(self._config, reader, writer, self._clock)
        answering = (errands, intake, reader, self._clock, self.listening, self._hooks)
        works += listeners.hooks(self._config, self.links, *answering)
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(outbox.run(stop))
                for work in works:
                    tasks.create_task(work(stop))
                running = [tasks.create_task(work) for work in (_pass_time(intake, self._tick), *following)]
                await _first(stop, failed)
                for task in running:
                    task.cancel()
                await asyncio.wait(running, timeout=LAST_WRITES)
                with suppress(TimeoutError):
                    await asyncio.wait_for(_give_back(intake, tracker, rota, writer), LAST_WRITES)
                await sending
        finally:
            await provider.close()

    def health(
        self,
        writer: Writer,
        reader: Reader,
        intake: Intake,
        outbox: Outbox,
        provider: Provider,
        tidings: Tidings,
    ) -> Health:
        """How it is now."""
        return Health(
            at=self._clock(),
            links=tuple(self._link_health(name, intake) for name in self.links),
            facts_waiting=len(intake),
            facts_dropped=intake.dropped,
            writes_waiting=writer.backlog,
            looks_waiting=reader.waiting,
            database_failing_since=writer.failing_since,
            database_busy_since=writer.busy_since,
            provider=provider.name,
            provider_trouble=outbox.line.trouble,
            lines_in_trouble=dict(outbox.numbers.trouble),
            is_day_full=outbox.is_full,
            staff_not_told=dict(tidings.trouble),
            hooks=tuple(_hooks_health(server) for server in self._hooks),
        )

    def _link_health(self, name: str, intake: Intake) -> LinkHealth:
        link, rota, writes = self.links[name], self._rota, name in intake.held
        lease = rota.leases.get(name)
        writer = self.name if writes else lease.holder if lease else None
        standbys = sum(one.pbx == name and one.daemon != writer for one in rota.ready)
        told = (link.is_up, link.problem, link.last_event_at, link.events, link.tampered)
        return LinkHealth(name, *told, writes, writer, standbys)

    async def _link(self, pbx: Pbx, writer: Writer, intake: Intake) -> Coroutine[None, None, None]:
        """What follows a PBX, not begun yet."""
        seen_until = await writer.run(partial(links.seen_at, pbx=pbx.name))
        link = self.links[pbx.name] = link_of(pbx, intake.hear, self._clock, self._patience)
        return link.run(await writer.run(partial(known_calls, pbx=pbx.name)), seen_until)

    def _taken_over(self, tracker: Tracker, writer: Writer, pbx: str, held: bool) -> None:
        """Settle the calls that the daemon before followed to where nobody knows."""
        link = self.links.get(pbx)
        if link is not None and held:
            task = asyncio.get_running_loop().create_task(_account(link, tracker, writer, pbx))
            self._accounting.add(task)
            task.add_done_callback(self._accounting.discard)

    def _outbox(self, writer: Writer, provider: Provider) -> Outbox:
        sms, book = self._config.sms, PracticeBook()

        def recheck(conn: Connection, message: OutMessage, now: float) -> Decision | None:
            if message.call_id is None:
                return judge_elsewhere_again(conn, book(conn), message, now)
            return judge_again(conn, book(conn), message.call_id, message.to_number, message.created_at, now)

        return Outbox(
            writer,
            provider,
            self._clock,
            sms.rate,
            logging.getLogger("textback.sms"),
            per_day=sms.per_day,
            timeout=sms.twilio.timeout if sms.twilio else 15.0,
            recheck=recheck,
            measures=self.measures,
        )

    def _intake(
        self, tracker: Tracker, writer: Writer, outbox: Outbox, failed: asyncio.Future[None]
    ) -> Intake:
        return Intake(
            tracker,
            writer,
            self._clock,
            on_decided=lambda decided: self._decided(decided, outbox),
            on_overflow=lambda name: self.links[name].want_resync(),
            on_fault=lambda fault: None if failed.done() else failed.set_exception(fault),
            on_order=self._carry_out,
            on_held=partial(self._taken_over, tracker, writer),
            measures=self.measures,
        )

    def _carry_out(self, order: Order) -> None:
        link = self.links.get(order.call_id.partition("/")[0])
        if link is not None:
            link.carry_out(order)

    def _decided(self, decided: list[Entry], outbox: Outbox) -> None:
        self._on_decided(decided)
        if any(entry.message_id for entry in decided):
            outbox.nudge()


def _nightly(config: Config, reader: Reader, writer: Writer, clock: Clock) -> list[listeners.Work]:
    kept = config.retention
    ages = Ages(kept.calls, kept.messages, None, kept.audit)  # raw posts go every few hours
    return [] if ages.is_nothing else [Nightly(reader, writer, PracticeBook(), ages, kept.at, clock).run]


def _hooks_health(server: HookServer) -> HooksHealth:
    return HooksHealth(server.section, server.refused, server.tampered, server.faults, server.latencies)


async def _tracker(writer: Writer, pbxes: list[str], name: str) -> Tracker:
    """The tracker, with no calls yet: those of each PBX come with its lease."""
    book = PracticeBook()
    if not (await writer.run(book)).practices:
        log.warning("there is no practice yet, so nobody is texted: `textback practice apply FILE` loads one")
    await writer.run(partial(leases.ensure, pbxes=pbxes))
    return Tracker(pbxes, book, name=name)


async def _account(link: Link, tracker: Tracker, writer: Writer, pbx: str) -> None:
    try:
        seen_until = await writer.run(partial(links.seen_at, pbx=pbx))
    except StoreError:
        return  # the daemon stops: whoever is next will ask
    await link.account_for([call.id for call in tracker.open_calls(pbx)], seen_until)


async def _give_back(intake: Intake, tracker: Tracker, rota: Rota, writer: Writer) -> None:
    """Everything is written; who stands by need not wait to see that this daemon has gone."""
    await intake.drained()
    intake.is_ending = True
    await writer.run(tracker.give_back)
    await writer.run(rota.leave)


async def _first(stop: asyncio.Event, failed: asyncio.Future[None]) -> None:
    """Wait for the end, asked for or forced: a fault of ours ends the process, and systemd starts it again."""
    stopping = asyncio.ensure_future(stop.wait())
    failed.add_done_callback(lambda _: stopping.cancel())
    await asyncio.wait({stopping})
    if failed.done():
        failed.result()


async def _pass_time(intake: Intake, tick: float) -> None:
    while True:
        await asyncio.sleep(tick)
        intake.pass_time()


def _prepare(engine: Engine, upgrade: bool) -> None:
    if upgrade:
        for revision in migrations.upgrade(engine):
            log.info("database upgraded to %s", revision)
    status = migrations.status(engine)
    if status.beside:
        told = "the database is at revision %s, made by a newer version: this one goes on beside it for now"
        log.warning(told, status.current)
    if status.newer:
        raise StoreError(
            f"the database is at revision {status.current}, which this textback does not know: a newer version made it"
        )
    if not status.at_head:
        raise StoreError("the database is not at the newest schema: run `textback db upgrade`")
