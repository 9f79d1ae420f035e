"""The link to one PBX, kept for ever: connect, log in, resync, listen, and again from the start."""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from textback.clock import IN_DOUBT, Clock, system_clock
from textback.events import CallerArrived, CallerLeft, CallLost, Fact, LinkLost, LinkSynced
from textback.orders import Order
from textback.pbx.callers import Callers
from textback.pbx.errors import LinkError, RecordsError
from textback.pbx.offers import Offers
from textback.pbx.once import Once
from textback.pbx.patience import Patience
from textback.pbx.records import Records
from textback.pbx.sight import LastSeen, Resynced, last_seen

#: Seconds before the last event that the records are asked for, too: they have whole seconds, and what happened at
#: the PBX just then may not have been read. Whoever is in the log already stays as they are.
OVERLAP = 2.0

#: Seconds after which a call that another daemon has followed must be on the line here, too, or it is gone.
LAG = 2.0

_NOBODY: Mapping[str, LastSeen] = {}
#: the facts that say of themselves that they were not seen
_MARKED = (CallerArrived, CallerLeft)


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How to reach one PBX, which of its channels are callers, and what it writes down of its calls."""

    name: str
    host: str
    port: int
    secret: str
    trunks: tuple[str, ...]
    contexts: tuple[str, ...] = ()
    language: str = "en"
    records: Records | None = None


class Session(Protocol):
    """One connection to a PBX."""

    async def closed(self) -> None:
        """Wait until the connection ends, from whichever side."""

    def close(self) -> None:
        """End the connection now."""


class Link(ABC):
    """Gives facts to ``emit`` in the order in which they arrived; ``emit`` must not wait.

    ``sleep`` waits seconds between attempts; ``jitter`` gives 0…1.
    """

    def __init__(
        self,
        settings: LinkSettings,
        emit: Callable[[Fact], None],
        clock: Clock = system_clock,
        log: logging.Logger = logging.getLogger("textback.pbx"),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        patience: Patience = Patience(),
    ) -> None:
        self.is_up = False
        self.problem: str | None = "not connected yet"
        self.last_event_at: float | None = None
        self.events = 0
        self.tampered = 0
        #: while the link is up
        self.offers: Offers | None = None
        self._what = settings
        self._emit = emit
        self._clock = clock
        self._log = log
        self._sleep = sleep
        self._jitter = jitter
        self._patience = patience
        self._known: dict[str, LastSeen] = {}
        self._seen_until: float | None = None
        #: who is gone, while the link comes up and it is still to be told how
        self._untold: dict[str, LastSeen] | None = None
        #: of whom only the end was seen: what calls out over a trunk may look the same, and records know better
        self._unproven: set[str] = set()
        #: calls that another daemon followed, of whom a resync that has begun does not know yet
        self._late: set[str] = set()
        #: while the link is up
        self._callers: Callers | None = None
        self._once = Once(settings.name, log)
        self._resync_wanted = asyncio.Event()

    @property
    def language(self) -> str:
        """The language that the PBX's channels have by default."""
        return self._what.language

    async def run(self, known: Mapping[str, LastSeen] = _NOBODY, seen_until: float | None = None) -> None:
        """Follow the PBX until cancelled.

        ``known``: by the PBX's own id, the callers who were on the line when the daemon stopped, at ``seen_until``.
        """
        self._known, self._seen_until = dict(known), seen_until
        failures = 0
        while True:
            self._late.clear()
            try:
                await self._follow()
            except LinkError as error:
                failures = 0 if self.is_up else failures + 1
                self._down(error)
                refused, patience = error.permanent, self._patience
                delay = patience.refused_delay if refused else patience.delay(failures, self._jitter())
                self._log.warning("%s: %s; next try in %.0f s", self._what.name, error, delay)
                await self._sleep(delay)
            except asyncio.CancelledError:
                # From here on nothing is heard: the next start must not take the PBX for followed until the last write.
                self._down(LinkError("it is not followed any more"))
                raise

    def left_off(self) -> tuple[Mapping[str, LastSeen], float | None]:
        """Once ``run`` was cancelled: what the next link to the PBX has to know."""
        return self._known, self._seen_until

    async def account_for(self, call_ids: Collection[str], seen_until: float | None) -> None:
        """Tell what became of calls that another daemon followed, until ``seen_until``, and that are not on the line.

        Who is on the line was told of already. While the link is down, or comes up, its resync finds out.
        """
        await self._sleep(LAG)
        ids = [call_id.partition("/")[2] for call_id in call_ids]
        if self._callers is None:
            self._known = {uniqueid: LastSeen() for uniqueid in ids} | self._known
            self._late.update(ids)
            self._seen_until = min((at for at in (self._seen_until, seen_until) if at is not None), default=None)
            return
        present = self._callers.callers
        gone = [uniqueid for uniqueid in ids if uniqueid not in present]
        for fact in await self._unseen(gone, self._clock(), seen_until) if gone else ():
            if fact.call_id.partition("/")[2] not in present:
                self._emit(fact)

    def want_resync(self) -> None:
        """Facts were lost on their way: ask the PBX again for what is true."""
        self._resync_wanted.set()

    def carry_out(self, order: Order) -> None:
        """Do what is ordered for a caller who waits; never waits. While the link is down, nothing is done."""
        if self.offers is not None:
            self.offers.take(order)

    @abstractmethod
    async def _follow(self) -> None:
        """One connection, from its login to its end, which is always a ``LinkError``."""

    @abstractmethod
    async def _ping(self) -> None:
        """Have the PBX answer. Raises ``LinkError`` if it does not."""

    def _end_of(self, session: Session) -> LinkError:
        """Why a session has ended."""
        return LinkError("the PBX closed the link")

    def _down(self, error: LinkError) -> None:
        self.problem = str(error)
        if self.is_up:
            self.is_up = False
            self._seen_until = self.last_event_at
            self._emit(LinkLost("", self._clock(), self._what.name))

    # -- for those who follow ---------------------------------------------------------------------------

    async def _come_up(self, resynced: Resynced, callers: Callers, at: float) -> None:
        """Tell what a resync has found at ``at``, and that the link is up."""
        present = {callers.call_id(uniqueid) for uniqueid in callers.callers}
        # At once: what comes while the records are read is about these callers, too.
        for fact in resynced.facts:
            self._emit(fact)
        gone, self._untold = resynced.gone, {}
        self._unproven.update(callers.missed)
        while True:
            self._untold |= {uniqueid: self._known.get(uniqueid, LastSeen()) for uniqueid in gone}
            for fact in await self._unseen(gone, at, self._seen_until):
                if fact.call_id not in present:
                    self._emit(fact)
            if not (gone := [one for one in self._late if one not in callers.callers and one not in self._untold]):
                break
        self._untold = None
        self._unproven.clear()
        self.is_up, self.problem, self._callers = True, None, callers
        self._emit(LinkSynced("", at, self._what.name))
        self._log.info("%s: link is up, callers on the line: %d", self._what.name, len(callers.callers))

    async def _unseen(self, gone: Sequence[str], at: float, since: float | None) -> list[Fact]:
        """What ended while nobody looked, as the PBX's own records tell it; what they do not tell is lost."""
        name, records = self._what.name, self._what.records
        told: list[Fact] = []
        if records and since is not None:
            try:
                callers = [one for one in gone if one not in self._unproven]
                since = since if since <= at else at - IN_DOUBT  # it is of a clock that was set back
                if records.lag:
                    await self._sleep(records.lag)
                told = await asyncio.to_thread(records.settle, callers, since - OVERLAP, at)
            except (OSError, RecordsError) as error:
                self._log.warning("%s: its records cannot be read: %s", name, error)
        ended = {fact.call_id for fact in told if isinstance(fact, CallerLeft)}
        lost = [CallLost(f"{name}/{uniqueid}", at) for uniqueid in gone if f"{name}/{uniqueid}" not in ended]
        marked = [replace(fact, recorded=True) if isinstance(fact, _MARKED) else fact for fact in told]
        return [*marked, *lost]

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
                    raise self._end_of(session)
                if wanted.done():
                    raise LinkError("facts were dropped: the link starts again to learn what is true")
                await self._ping()
        finally:
            closed.cancel()
            wanted.cancel()

    async def _end_offers(self) -> None:
        offers, self.offers = self.offers, None
        if offers is not None:
            await offers.close()

    def _remember(self, callers: Callers) -> None:
        """Who was on the line when the connection ended."""
        self._callers = None
        if self.is_up:
            self._known = last_seen(callers)
        elif self._untold is not None:  # who is on the line was told already, but not what became of the others
            self._known = self._untold | last_seen(callers)
            self._untold = None
        else:  # nobody was looked for; but who came just then was told, and may be gone before the next one looks
            self._unproven.update(callers.missed)
            self._known = dict.fromkeys(callers.missed, LastSeen()) | last_seen(callers) | self._known
        if self._resync_wanted.is_set():  # what was told of them may not have arrived
            self._known = {uniqueid: replace(last, situation=None) for uniqueid, last in self._known.items()}
