"""The link to one Asterisk, kept for ever: connect, log in, resync, listen, and again from the start."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from textback.clock import Clock, system_clock
from textback.events import Fact, LinkLost, LinkSynced
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_reader import Reader
from textback.pbx.ami_resync import Resync, Snapshot
from textback.pbx.ami_session import Session
from textback.pbx.errors import LinkError
from textback.pbx.wire import Headers

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
#: after a refused login: a tight loop trips fail2ban, and only a person can mend it
REFUSED_DELAY = 60.0
#: a half-open link is noticed within PING_EVERY + PING_TIMEOUT seconds
PING_EVERY, PING_TIMEOUT = 15.0, 10.0
#: after a restart AMI takes logins before its modules are there: how often, and how long apart, to ask again
BOOT_TRIES, BOOT_WAIT = 30, 1.0


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """How to reach one Asterisk, and which of its channels are callers."""

    name: str
    host: str
    port: int
    username: str
    secret: str
    trunks: tuple[str, ...]
    contexts: tuple[str, ...] = ()
    language: str = "en"
    tls: ssl.SSLContext | None = None


class AmiLink:
    """Gives facts to ``emit`` in the order in which they arrived; ``emit`` must not wait.

    ``sleep`` waits seconds between attempts; ``jitter`` gives 0…1. Both are for tests to replace.
    """

    def __init__(
        self,
        settings: AmiSettings,
        emit: Callable[[Fact], None],
        clock: Clock = system_clock,
        log: logging.Logger = logging.getLogger("textback.ami"),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.is_up = False
        self.problem: str | None = "not connected yet"
        self.last_event_at: float | None = None
        self.events = 0
        self.tampered = 0
        self._emit = emit
        self._clock = clock
        self._log = log
        self._sleep = sleep
        self._jitter = jitter
        self._known: dict[str, str] = {}
        self._resync_wanted = asyncio.Event()

    async def run(self, open_calls: Iterable[str] = ()) -> None:
        """Follow the PBX until cancelled; ``open_calls``: Uniqueids of callers who were on the line before."""
        self._known = dict.fromkeys(open_calls, "")
        failures = 0
        while True:
            try:
                await self._follow()
            except LinkError as error:
                failures = 0 if self.is_up else failures + 1
                self._down(error)
                delay = self._delay(failures, error.permanent)
                self._log.warning("%s: %s; next try in %.0f s", self.settings.name, error, delay)
                await self._sleep(delay)

    def want_resync(self) -> None:
        """Facts were lost on their way: ask the PBX again for what is true."""
        self._resync_wanted.set()

    def _delay(self, failures: int, refused: bool) -> float:
        longest = REFUSED_DELAY if refused else min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures, 8))
        return longest if refused else FIRST_DELAY + (longest - FIRST_DELAY) * self._jitter()

    def _down(self, error: LinkError) -> None:
        self.problem = str(error)
        if self.is_up:
            self.is_up = False
            self._emit(LinkLost("", self._clock(), self.settings.name))

    async def _follow(self) -> None:
        """One connection, from its login to its end, which is always a ``LinkError``."""
        settings = self.settings
        translator = Translator(settings.name, settings.trunks, settings.contexts, settings.language)
        reader = Reader(translator, self._emit, log=self._log)
        session = await Session.connect(settings.host, settings.port, self._feed(reader), settings.tls)
        try:
            resync = Resync(translator, self._known)
            translator.syncing = True
            await session.login(settings.username, settings.secret)
            await self._sync(session, resync)
            translator.syncing = False
            self._log.info("%s: link is up, %d callers on the line", settings.name, len(translator.callers))
            await self._keep(session, translator)
        finally:
            self._known = {uniqueid: _name_of(translator, uniqueid) for uniqueid in translator.callers}
            session.close()

    def _feed(self, reader: Reader) -> Callable[[Session, bytes], None]:
        def feed(session: Session, data: bytes) -> None:
            reader.on_answer = session.answer
            self.last_event_at = self._clock()
            reader.feed(data, self.last_event_at)
            self.events, self.tampered = reader.events, reader.tampered

        return feed

    async def _sync(self, session: Session, resync: Resync) -> None:
        channels = await self._list(session, "CoreShowChannels")
        status = await self._list(session, "Status")
        queues = await self._list(session, "QueueStatus")
        at = self._clock()
        for fact in resync.apply(Snapshot(channels, status, queues), at):
            self._emit(fact)
        self.is_up, self.problem = True, None
        self._emit(LinkSynced("", at, self.settings.name))

    async def _list(self, session: Session, action: str) -> list[Headers]:
        """A list, asked for again while the modules of a starting PBX are not there yet."""
        for _ in range(BOOT_TRIES):
            try:
                return await session.ask_list({"Action": action})
            except LinkError as error:
                if "unknown command" not in str(error):
                    raise _explained(error, self.settings.username)
                await self._sleep(BOOT_WAIT)
        self._log.warning("%s does not know %s: it is taken as empty", self.settings.name, action)
        return []

    async def _keep(self, session: Session, translator: Translator) -> None:
        """Ping, and ask again when facts were lost, until the link ends."""
        closed = asyncio.ensure_future(session.closed())
        try:
            while not closed.done():
                wanted = asyncio.ensure_future(self._resync_wanted.wait())
                await asyncio.wait({closed, wanted}, timeout=PING_EVERY, return_when=asyncio.FIRST_COMPLETED)
                wanted.cancel()
                if self._resync_wanted.is_set():
                    self._resync_wanted.clear()
                    raise LinkError("facts were dropped: the link starts again to learn what is true")
                if not closed.done():
                    await session.ask({"Action": "Ping"}, PING_TIMEOUT)
        finally:
            closed.cancel()
        raise LinkError("the PBX closed the link")


def _name_of(translator: Translator, uniqueid: str) -> str:
    channel = translator.picture.get(uniqueid)
    return channel.name if channel else ""


def _explained(error: LinkError, username: str) -> LinkError:
    if not error.permanent:
        return error
    return LinkError(
        f"the AMI user {username!r} may not do what is needed ({error}); "
        "give it read = system,call,agent,dtmf,dialplan and write = call,agent,reporting in manager.conf",
        permanent=True,
    )
