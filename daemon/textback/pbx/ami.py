"""The link to one Asterisk, kept for ever: connect, log in, resync, listen, and again from the start."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from textback.clock import Clock, system_clock
from textback.events import CallerArrived, CallerLeft, CallLost, Fact, LinkLost, LinkSynced
from textback.orders import Order
from textback.pbx.ami_actions import Actions
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_offers import Offers
from textback.pbx.ami_reader import SETTLE, Reader
from textback.pbx.ami_resync import LastSeen, Resync, Snapshot
from textback.pbx.ami_session import Session
from textback.pbx.errors import LinkError, RecordsError
from textback.pbx.once import Once
from textback.pbx.patience import Patience
from textback.pbx.records import Records
from textback.pbx.wire import Headers

#: Seconds before the last event that the records are asked for, too: they have whole seconds, and what happened at
#: the PBX just then may not have been read. Whoever is in the log already stays as they are.
OVERLAP = 2.0

_NOBODY: Mapping[str, LastSeen] = {}
#: the facts that say of themselves that they were not seen
_MARKED = (CallerArrived, CallerLeft)


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """How to reach one Asterisk, which of its channels are callers, and what it writes down of its calls."""

    name: str
    host: str
    port: int
    username: str
    secret: str
    trunks: tuple[str, ...]
    contexts: tuple[str, ...] = ()
    language: str = "en"
    tls: ssl.SSLContext | None = None
    records: Records | None = None


class AmiLink:
    """Gives facts to ``emit`` in the order in which they arrived; ``emit`` must not wait.

    ``sleep`` waits seconds between attempts; ``jitter`` gives 0…1.
    """

    def __init__(
        self,
        settings: AmiSettings,
        emit: Callable[[Fact], None],
        clock: Clock = system_clock,
        log: logging.Logger = logging.getLogger("textback.ami"),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        patience: Patience = Patience(),
    ) -> None:
        self.settings = settings
        self.is_up = False
        self.problem: str | None = "not connected yet"
        self.last_event_at: float | None = None
        self.events = 0
        self.tampered = 0
        #: while the link is up
        self.offers: Offers | None = None
        self._emit = emit
        self._clock = clock
        self._log = log
        self._sleep = sleep
        self._jitter = jitter
        self._patience = patience
        self._settling: asyncio.TimerHandle | None = None
        self._known: dict[str, LastSeen] = {}
        self._seen_until: float | None = None
        self._warned = False
        self._once = Once(settings.name, log)
        self._resync_wanted = asyncio.Event()

    async def run(self, known: Mapping[str, LastSeen] = _NOBODY, seen_until: float | None = None) -> None:
        """Follow the PBX until cancelled.

        ``known``: by Uniqueid, the callers who were on the line when the daemon stopped, at ``seen_until``.
        """
        self._known, self._seen_until = dict(known), seen_until
        failures = 0
        while True:
            try:
                await self._follow()
            except LinkError as error:
                failures = 0 if self.is_up else failures + 1
                self._down(error)
                refused, patience = error.permanent, self._patience
                delay = patience.refused_delay if refused else patience.delay(failures, self._jitter())
                self._log.warning("%s: %s; next try in %.0f s", self.settings.name, error, delay)
                await self._sleep(delay)

    def want_resync(self) -> None:
        """Facts were lost on their way: ask the PBX again for what is true."""
        self._resync_wanted.set()

    def carry_out(self, order: Order) -> None:
        """Do what is ordered for a caller who waits; never waits. While the link is down, nothing is done."""
        if self.offers is not None:
            self.offers.take(order)

    def _down(self, error: LinkError) -> None:
        self.problem = str(error)
        if self.is_up:
            self.is_up = False
            self._seen_until = self.last_event_at
            self._emit(LinkLost("", self._clock(), self.settings.name))

    async def _follow(self) -> None:
        """One connection, from its login to its end, which is always a ``LinkError``."""
        translator = self._translator()
        reader = Reader(translator, self._emit, log=self._log)
        session = await self._connect(reader)
        try:
            resync = Resync(translator, self._known)
            self._resync_wanted.clear()
            translator.syncing = True
            await session.login(self.settings.username, self.settings.secret)
            await self._sync(session, translator, resync)
            translator.syncing = False
            self._log.info("%s: link is up, %d callers on the line", self.settings.name, len(translator.callers))
            actions = Actions(session, self._once, self.settings.username)
            self.offers = Offers(actions, translator, self._patience)
            await self._keep(session)
        finally:
            session.close()
            await self._end_offers()
            self._settle(reader)
            if self.is_up:
                self._known = last_seen(translator)
            if self._resync_wanted.is_set():  # what was told of them may not have arrived
                self._known = {uniqueid: replace(last, situation=None) for uniqueid, last in self._known.items()}

    async def _end_offers(self) -> None:
        offers, self.offers = self.offers, None
        if offers is not None:
            await offers.close()

    def _translator(self) -> Translator:
        settings = self.settings
        return Translator(settings.name, settings.trunks, settings.contexts, settings.language)

    async def _connect(self, reader: Reader) -> Session:
        settings = self.settings
        return await Session.connect(settings.host, settings.port, self._feed(reader), settings.tls, self._patience)

    def _feed(self, reader: Reader) -> Callable[[Session, bytes], None]:
        loop = asyncio.get_running_loop()

        def feed(session: Session, data: bytes) -> None:
            reader.on_answer = session.answer
            events, tampered = reader.events, reader.tampered
            self.last_event_at = self._clock()
            reader.feed(data, self.last_event_at)
            self.events += reader.events - events
            self.tampered += reader.tampered - tampered
            if reader.translator.presentation_untold and not self._warned:
                self._warn_of_hidden_numbers()
            if self._settling:
                self._settling.cancel()
            self._settling = loop.call_later(SETTLE, self._settle, reader)

        return feed

    def _warn_of_hidden_numbers(self) -> None:
        self._warned = True
        self._log.warning(
            "%s does not tell whether a caller hides the number (P-Asserted-Identity shows it all the same): "
            "set channelvars = CALLERID(pres) in manager.conf and restart Asterisk",
            self.settings.name,
        )

    def _settle(self, reader: Reader) -> None:
        """Nothing more has come: what the reader holds is complete."""
        if self._settling:
            self._settling.cancel()
            self._settling = None
        reader.settle()

    async def _sync(self, session: Session, translator: Translator, resync: Resync) -> None:
        channels = await self._list(session, "CoreShowChannels")
        status = await self._list(session, "Status")
        queues = await self._list(session, "QueueStatus")
        is_bridged = any(row.get("BridgeId") for row in channels)
        bridges = await self._list(session, "BridgeList") if is_bridged else []
        at = self._clock()
        resynced = resync.apply(Snapshot(channels, status, queues, bridges), at)
        present = {translator.call_id(uniqueid) for uniqueid in translator.callers}
        # At once: what comes while the records are read is about these callers, too.
        for fact in resynced.facts:
            self._emit(fact)
        for fact in await self._unseen(resynced.gone, at):
            if fact.call_id not in present:
                self._emit(fact)
        self.is_up, self.problem = True, None
        self._emit(LinkSynced("", at, self.settings.name))

    async def _unseen(self, gone: Sequence[str], at: float) -> list[Fact]:
        """What ended while nobody looked, as the PBX's own records tell it; what they do not tell is lost."""
        name, records = self.settings.name, self.settings.records
        told: list[Fact] = []
        if records and self._seen_until is not None:
            try:
                told = await asyncio.to_thread(records.settle, gone, self._seen_until - OVERLAP, at)
            except (OSError, RecordsError) as error:
                self._log.warning("%s: its records cannot be read: %s", name, error)
        ended = {fact.call_id for fact in told if isinstance(fact, CallerLeft)}
        lost = [CallLost(f"{name}/{uniqueid}", at) for uniqueid in gone if f"{name}/{uniqueid}" not in ended]
        marked = [replace(fact, recorded=True) if isinstance(fact, _MARKED) else fact for fact in told]
        return [*marked, *lost]

    async def _list(self, session: Session, action: str) -> list[Headers]:
        """A list, asked for again while the modules of a starting PBX are not there yet."""
        for _ in range(self._patience.boot_tries):
            try:
                return await session.ask_list({"Action": action})
            except LinkError as error:
                if "unknown command" not in str(error):
                    raise _explained(error, self.settings.username)
                await self._sleep(self._patience.boot_wait)
        self._log.warning("%s does not know %s: it is taken as empty", self.settings.name, action)
        return []

    async def _keep(self, session: Session) -> None:
        """Ping until the link ends, or until it must start again."""
        closed = asyncio.ensure_future(session.closed())
        wanted = asyncio.ensure_future(self._resync_wanted.wait())
        try:
            while True:
                await asyncio.wait(
                    {closed, wanted}, timeout=self._patience.ping_every, return_when=asyncio.FIRST_COMPLETED
                )
                if closed.done():
                    raise LinkError("the PBX closed the link")
                if wanted.done():
                    raise LinkError("facts were dropped: the link starts again to learn what is true")
                await session.ask({"Action": "Ping"}, self._patience.ping)
        finally:
            closed.cancel()
            wanted.cancel()


def last_seen(translator: Translator) -> dict[str, LastSeen]:
    """The callers who are on the line, as a resync wants to know them."""
    channels, positions = translator.picture.channels, translator.positions
    return {
        uniqueid: LastSeen(channel.name, situation, positions.get(uniqueid), channel.hangup_requested)
        for uniqueid, situation in translator.callers.items()
        if (channel := channels.get(uniqueid))
    }


def _explained(error: LinkError, username: str) -> LinkError:
    if not error.permanent:
        return error
    return LinkError(
        f"the AMI user {username!r} may not do what is needed ({error}); "
        "give it read = system,call,agent,dtmf,dialplan and write = call,agent,reporting in manager.conf",
        permanent=True,
    )
