"""The link to one FreeSWITCH over ESL."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from textback.clock import Clock, system_clock
from textback.events import Fact
from textback.pbx.errors import LinkError
from textback.pbx.esl_facts import Translator
from textback.pbx.esl_offers import offers_of
from textback.pbx.esl_reader import SETTLE, Reader
from textback.pbx.esl_resync import Resync
from textback.pbx.esl_session import Heard, Session
from textback.pbx.esl_snapshot import ask
from textback.pbx.link import Link, LinkSettings, Session as AnySession
from textback.pbx.patience import Patience
from textback.pbx.tls import Tls

#: how many heartbeats may fail to come before a link that still answers is taken to be deaf
DEAF = 3.0
#: seconds after which nothing is waited for any more
LONG = 60.0
_CORE = "global_getvar core_uuid"


@dataclass(frozen=True, slots=True)
class EslSettings(LinkSettings):
    """How to reach one FreeSWITCH."""

    tls: Tls | None = None


class EslLink(Link):
    """Follows one FreeSWITCH."""

    def __init__(
        self,
        settings: EslSettings,
        emit: Callable[[Fact], None],
        clock: Clock = system_clock,
        log: logging.Logger = logging.getLogger("textback.esl"),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        patience: Patience = Patience(),
    ) -> None:
        super().__init__(settings, emit, clock, log, sleep, jitter, patience)
        self.settings = settings
        #: of the FreeSWITCH that was last followed; another one after each of its starts
        self.core: str | None = None
        self._session: Session | None = None
        self._settling: asyncio.TimerHandle | None = None

    async def _follow(self) -> None:
        settings = self.settings
        translator = Translator(settings.name, settings.trunks, settings.contexts, settings.language)
        reader = Reader(translator, self._emit, log=self._log)
        session = self._session = await Session.connect(
            settings.host, settings.port, self._hear(reader), settings.tls, self._patience, self._clock
        )
        try:
            self._resync_wanted.clear()
            translator.syncing = True
            await session.login(settings.secret)
            await self._meet(session)
            resync = Resync(translator, self._known)
            await session.subscribe()
            snapshot = await ask(session, resync.is_of_interest)
            at = self._clock()
            await self._come_up(resync.apply(snapshot, at), translator, at)
            self.offers = offers_of(session, translator, self._once, settings.language, self._patience)
            await self._keep(session)
        finally:
            session.close()
            await self._end_offers()
            self._settle(reader, LONG)
            self._remember(translator)

    def _hear(self, reader: Reader) -> Callable[[Heard], None]:
        loop = asyncio.get_running_loop()

        def hear(heard: Heard) -> None:
            frame, at = heard
            self.last_event_at = at
            self.events += 1
            reader.take(frame, at)
            if self._session and self._session.dropped:
                self.want_resync()
            if self._settling:
                self._settling.cancel()
            self._settling = loop.call_later(SETTLE, self._settle, reader, SETTLE)

        return hear

    def _settle(self, reader: Reader, seconds: float) -> None:
        """What the reader holds back counts, since for so long nothing has come that says otherwise."""
        if self._settling:
            self._settling.cancel()
            self._settling = None
        if self.last_event_at is not None:
            reader.settle(self.last_event_at + seconds)

    async def _meet(self, session: Session) -> None:
        """Find out whether this is the FreeSWITCH that was followed: after a restart nothing is where it was."""
        core = await session.api(_CORE)
        if self.core not in (None, core):
            self._log.warning("%s has started anew", self.settings.name)
            self._known = {uuid: replace(last, situation=None) for uuid, last in self._known.items()}
        self.core = core

    async def _ping(self) -> None:
        session = self._session
        assert session is not None
        core = await session.api(_CORE, self._patience.ping)
        if core != self.core:
            raise LinkError("FreeSWITCH has started anew")
        before, last = session.beats
        if before is not None and last is not None and self._clock() - last > DEAF * max(last - before, 1.0):
            raise LinkError("FreeSWITCH answers, but its heartbeat is not heard any more")

    def _end_of(self, session: AnySession) -> LinkError:
        problem = self._session.problem if self._session else None
        return problem or super()._end_of(session)
