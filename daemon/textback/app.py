"""Builds everything, runs it in one task group, and stops it in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from textback import logs
from textback.book import PracticeBook
from textback.clock import Clock, system_clock
from textback.complaints import Complaints
from textback.config import Config, ConfigError, Mistake
from textback.config.differences import differences
from textback.daemon_name import own_name
from textback.doors import Listening
from textback.duty import Duty
from textback.errands import Errands
from textback.following import Following
from textback.health import Health, HooksHealth, LinkHealth, Look
from textback.hooks.server import HookServer
from textback.intake import Intake
from textback.ledger import Entry
from textback.listen import ListenError
from textback.measures import Measures
from textback.metrics import Metrics
from textback.orders import Order
from textback.pages import Pages
from textback.parts import Core, Parts, Plan
from textback.pbx.link import Link
from textback.pbx.patience import Patience
from textback.rota import Rota
from textback.sd_notify import Systemd
from textback.sending import Sending
from textback.sms import Provider
from textback.store import keys, leases, links, migrations
from textback.store.engine import StoreError, file_of, limit_silence, open_engine
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.tracker import Tracker
from textback.until import Running
from textback.watchdog import Watchdog, in_words

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
        systemd: Systemd = Systemd(),
    ) -> None:
        self._remark = ""
        self._watchdog: Watchdog | None = None
        self.begun = asyncio.Event()
        self._systemd = systemd
        self._parts: Parts | None = None
        self._is_stopping: Callable[[], bool] = bool
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
        self.listening: Listening = {}
        self.measures = Measures()

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
                if not await asyncio.to_thread(writer.stop, _patience(writer)):
                    log.error("the database would not take the last facts: the next start learns them from the PBX")
        finally:
            engine.dispose()

    async def _run(self, writer: Writer, reader: Reader, scraper: Reader, stop: asyncio.Event) -> None:
        pbxes = [pbx.name for pbx in self._config.pbx]
        tracker = await _tracker(writer, pbxes, self.name)
        sending = Sending(self._config, writer, self._clock, self._provider, self.measures)
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        intake = self._intake(tracker, writer, sending, failed)
        rota = self._rota = Rota(self.name, pbxes, intake, reader, writer, self._clock)
        # What nobody holds is taken before anything is heard: a daemon that is alone never stands by.
        await rota.look()
        await intake.drained()
        errands = Errands(tracker, intake, writer, reader, self._clock, lambda: bool(rota.ready))
        duty = Duty(self.name, writer, reader)
        health = partial(self.health, writer, reader, tracker, intake, sending)
        metrics = Metrics(health, self.measures, scraper, Complaints(log, self._clock), logs.lost)
        secret = await writer.run(partial(keys.key, name="pages"))
        pages = Pages(writer, reader, self._clock, secret, health, metrics)
        core = Core(
            errands, intake, writer, reader, self._clock, pages, self.links, self.measures, duty.is_ours, self._tick
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                ends = (tracker, intake, rota, writer)
                following = Following(self.links, *ends, self._clock, self._patience, tasks)
                parts = Parts(core, sending, following, self.listening, tasks)
                parts.begin(await parts.prepare(self._config))
                watchdog = self._watchdog = self._watch(writer, sending, tracker, health)
                watching = Running(tasks, [rota.run, errands.run, duty.run])
                running = [tasks.create_task(work) for work in (_pass_time(intake, self._tick), watchdog.run())]
                self._parts, self._is_stopping = parts, stop.is_set
                self.begun.set()
                self._systemd.ready()
                await _first(stop, failed)
                self._systemd.stopping()
                parts.tell()
                watching.tell()
                for task in running:
                    task.cancel()
                await _leave(following, intake, tracker, rota, writer)
                await sending.end()
        finally:
            self._parts = None
            await sending.now.provider.close()

    def refuse_silence(self, config: Config, path: Path) -> None:
        """Raises ``ConfigError`` where a file says no more how texts leave: a part of it may be missing.

        By default they are printed, and count as sent.
        """
        is_untold = "provider" not in config.sms.model_fields_set
        if is_untold and config.sms.provider != self._config.sms.provider:
            found = f"nothing, and until now {self._config.sms.provider!r}"
            raise ConfigError(path, [Mistake("sms.provider", found, "'console' or 'twilio'")])

    async def prepare(self, config: Config) -> Plan:
        """Build what ``config`` wants otherwise, and change nothing. Raises ``ListenError`` and ``OSError``."""
        if self._parts is None:
            raise ListenError("the daemon does not run")
        return await self._parts.prepare(config)

    def become(self, plan: Plan) -> list[str]:
        """Do as is planned, while everything else goes on; gives what has changed, in words."""
        if self._parts is None or self._is_stopping():
            return ["not done, as the daemon ends"]
        before, self._config = self._config, plan.config
        self._parts.begin(plan)
        return differences(before, plan.wanted)

    def say_besides(self, remark: str) -> None:
        """Say so, too, in the status for systemd, at once and until something else is to be said."""
        self._remark = remark
        if self._watchdog:
            self._watchdog.look()

    def _watch(self, writer: Writer, sending: Sending, tracker: Tracker, health: Look) -> Watchdog:
        loops = {"the writer": writer.still_for, "the sender": sending.still_for}
        return Watchdog(self._systemd, loops, partial(self._words, tracker, health))

    def _words(self, tracker: Tracker, health: Look) -> str:
        return "; ".join(filter(None, (in_words(health(), tracker.on_the_line), self._remark)))

    @property
    def staff_not_told(self) -> dict[str, str]:
        """Why somebody is not told of replies now, in words, by how and whom."""
        return self._parts.staff_not_told if self._parts else {}

    def health(self, writer: Writer, reader: Reader, tracker: Tracker, intake: Intake, sending: Sending) -> Health:
        """How it is now."""
        outbox, provider = sending.now.outbox, sending.now.provider
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
            staff_not_told=self.staff_not_told,
            practices=tracker.practices if intake.held else None,
            hooks=tuple(map(_hooks_health, self._parts.hook_servers)) if self._parts else (),
        )

    def _link_health(self, name: str, intake: Intake) -> LinkHealth:
        link, rota, writes = self.links[name], self._rota, name in intake.held
        lease = rota.leases.get(name)
        writer = self.name if writes else lease.holder if lease else None
        standbys = sum(one.pbx == name and one.daemon != writer for one in rota.ready)
        told = (link.is_up, link.problem, link.last_event_at, link.events, link.tampered)
        return LinkHealth(name, *told, writes, writer, standbys)

    def _taken_over(self, tracker: Tracker, writer: Writer, pbx: str, held: bool) -> None:
        """Settle the calls that the daemon before followed to where nobody knows."""
        if held:
            task = asyncio.get_running_loop().create_task(self._account(tracker, writer, pbx))
            self._accounting.add(task)
            task.add_done_callback(self._accounting.discard)

    async def _account(self, tracker: Tracker, writer: Writer, pbx: str) -> None:
        try:
            seen_until = await writer.run(partial(links.seen_at, pbx=pbx))
        except StoreError:
            return  # the daemon stops: whoever is next will ask
        link: Link | None = None
        while (found := self.links.get(pbx)) not in (None, link):  # another one may follow it by then
            assert found is not None
            link = found
            await link.account_for([call.id for call in tracker.open_calls(pbx)], seen_until)

    def _intake(
        self, tracker: Tracker, writer: Writer, sending: Sending, failed: asyncio.Future[None]
    ) -> Intake:
        return Intake(
            tracker,
            writer,
            self._clock,
            on_decided=lambda decided: self._decided(decided, sending),
            on_overflow=self._want_resync,
            on_fault=lambda fault: None if failed.done() else failed.set_exception(fault),
            on_order=self._carry_out,
            on_held=partial(self._taken_over, tracker, writer),
            measures=self.measures,
        )

    def _want_resync(self, name: str) -> None:
        if name in self.links:
            self.links[name].want_resync()

    def _carry_out(self, order: Order) -> None:
        link = self.links.get(order.call_id.partition("/")[0])
        if link is not None:
            link.carry_out(order)

    def _decided(self, decided: list[Entry], sending: Sending) -> None:
        self._on_decided(decided)
        if any(entry.message_id for entry in decided):
            sending.nudge()


def _hooks_health(server: HookServer) -> HooksHealth:
    return HooksHealth(server.section, server.refused, server.tampered, server.faults, server.latencies)


async def _tracker(writer: Writer, pbxes: list[str], name: str) -> Tracker:
    """The tracker, with no calls yet: those of each PBX come with its lease."""
    book = PracticeBook()
    if not (await writer.run(book)).practices:
        log.warning("there is no practice yet, so nobody is texted: `textback practice apply FILE` loads one")
    await writer.run(partial(leases.ensure, pbxes=pbxes))
    return Tracker(pbxes, book, name=name)


async def _leave(following: Following, intake: Intake, tracker: Tracker, rota: Rota, writer: Writer) -> None:
    """Have everything written, if the database takes it; who stands by need not wait to see that this one has gone."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_patience(writer)):
            await following.ended()
            await intake.drained()
            intake.is_ending = True
            await writer.run(tracker.give_back)
            await writer.run(rota.leave)


def _patience(writer: Writer) -> float:
    """Seconds for which the database may take its time now that the daemon ends."""
    return LAST_WRITES if writer.failing_since is None else LAST_TRY


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
        path = file_of(engine)
        is_new = path is not None and not path.exists()
        for revision in migrations.upgrade(engine):
            log.info("database upgraded to %s", revision)
        if is_new:  # at the first start; else it was moved, or its disk is away, and with it all that was known
            log.warning("there was no database at %s: an empty one was made", path)
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
