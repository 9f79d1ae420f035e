"""The link to one Asterisk over AMI."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textback.clock import Clock, system_clock
from textback.events import Fact
from textback.pbx.ami_actions import Actions
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_offers import offers_of
from textback.pbx.ami_reader import SETTLE, Reader
from textback.pbx.ami_resync import Resync, Snapshot
from textback.pbx.ami_session import Session
from textback.pbx.errors import LinkError
from textback.pbx.link import Link, LinkSettings
from textback.pbx.patience import Patience
from textback.pbx.tls import Tls
from textback.pbx.wire import Headers


@dataclass(frozen=True, slots=True)
class AmiSettings(LinkSettings):
    """How to reach one Asterisk."""

    username: str = ""
    tls: Tls | None = None


class AmiLink(Link):
    """Follows one Asterisk."""

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
        super().__init__(settings, emit, clock, log, sleep, jitter, patience)
        self.settings = settings
        self._session: Session | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._warned = False

    async def _follow(self) -> None:
        translator = self._translator()
        reader = Reader(translator, self._emit, log=self._log)
        session = self._session = await self._connect(reader)
        try:
            resync = Resync(translator, self._known)
            self._resync_wanted.clear()
            translator.syncing = True
            await session.login(self.settings.username, self.settings.secret)
            snapshot = await self._snapshot(session)
            at = self._clock()
            await self._come_up(resync.apply(snapshot, at), translator, at)
            actions = Actions(session, self._once, self.settings.username)
            self.offers = offers_of(actions, translator, self._patience)
            await self._keep(session)
        finally:
            session.close()
            await self._end_offers()
            self._settle(reader)
            self._remember(translator)

    async def _ping(self) -> None:
        assert self._session is not None
        await self._session.ask({"Action": "Ping"}, self._patience.ping)

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

    async def _snapshot(self, session: Session) -> Snapshot:
        channels = await self._list(session, "CoreShowChannels")
        status = await self._list(session, "Status")
        queues = await self._list(session, "QueueStatus")
        is_bridged = any(row.get("BridgeId") for row in channels)
        bridges = await self._list(session, "BridgeList") if is_bridged else []
        return Snapshot(channels, status, queues, bridges)

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


def _explained(error: LinkError, username: str) -> LinkError:
    if not error.permanent:
        return error
    return LinkError(
        f"the AMI user {username!r} may not do what is needed ({error}); "
        "give it read = system,call,agent,dtmf,dialplan and write = call,agent,reporting in manager.conf",
        permanent=True,
    )
