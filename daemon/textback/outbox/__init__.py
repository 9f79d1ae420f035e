"""Claim, send, settle: a text is handed over at most once, and one of unknown fate is looked for, never resent."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from textback.clock import Clock
from textback.daemon_name import own_name
from textback.gates import Gate
from textback.measures import Measures
from textback.model import Decision
from textback.outbox import outcomes
from textback.outbox.doubt import Doubt
from textback.outbox.ending import Ending, Stopping
from textback.outbox.handover import Handover, who
from textback.outbox.pacing import Line, Numbers
from textback.outbox.pulse import BEAT, Pulse
from textback.outbox.sharing import Share
from textback.sms import Accepted, Fault, Provider, SendError
from textback.store import claims, senders
from textback.store.engine import StoreError
from textback.store.restoring import BEFORE
from textback.store.claims import OutMessage
from textback.store.sweep import Stopped, call_back, sweep, withdraw
from textback.store.writer import Writer

#: Judges a text that had to wait once more, when it is about to leave: why it may not leave any more, if so.
Recheck = Callable[[Connection, OutMessage, float], Decision | None]

#: Seconds between two looks into the queue when nobody nudges.
POLL = 1.0
#: Seconds until the next try, when another sender of the account claims something just then.
OTHERS_FIRST = 0.02
#: Seconds that what is in hand may still take once the daemon stops: the database wants some of the ten, too.
GRACE = 5.0
#: Seconds between two looks for texts of unknown fate, and for how long they are looked for.
SECOND_LOOK, DAY = 600.0, 86_400.0
#: Seconds after which a text that waits to be sent is judged again when its turn comes.
WAITED = 60.0


class Outbox:
    """One sender; ``rate`` in segments per second, ``per_day`` in segments (0: no limit).

    ``at_once``: how many texts it has in hand at most; never two to one number, and one only while there is trouble.
    ``name`` is this process's own: what a sender left in ``sending`` that is not heard of any more is looked up.
    ``timeout``: seconds that the provider may take to answer. ``sleep`` is for tests.
    """

    def __init__(
        self,
        writer: Writer,
        provider: Provider,
        clock: Clock,
        rate: float,
        log: logging.Logger,
        *,
        per_day: int = 0,
        at_once: int = 1,
        name: str | None = None,
        grace: float = GRACE,
        timeout: float = 15.0,
        recheck: Recheck = lambda conn, message, now: None,
        measures: Measures | None = None,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.line = Line(rate)
        self.numbers = Numbers()
        self.is_full = False
        self._provider, self._clock, self._log = provider, clock, log
        self._per_day, self._grace, self._sleep, self._recheck = per_day, grace, sleep, recheck
        texts = (measures or Measures()).texts
        way = (writer, provider, clock, log, texts, timeout, self.line, self.numbers, self._begin_to_doubt, monotonic)
        self._handover = Handover(*way)
        #: the texts in hand, and what is being done with each
        self._hands: dict[asyncio.Task[None], OutMessage] = {}
        self._at_once = at_once
        self._name = name or own_name()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        # Longer than a live sender can be silent, and than a request can be on its way to the provider.
        self._pulse, self._sure_after = Pulse(2 * timeout + BEAT), 4 * timeout
        self._beats = 0
        self._next_beat, self._next_second_look = Gate(), Gate()
        self._doubts: list[Doubt] = []
        #: texts of unknown fate that the provider did not have when they were looked for again
        self._absent: set[str] = set()
        self._share = Share(provider.name[:64])
        #: what others have claimed that this sender has just learned of; None: they are at it
        self._of_others: int | None = 0
        self._has_company = False

    def nudge(self) -> None:
        """There may be work; from any thread, at any time."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the next start finds the work
                self._loop.call_soon_threadsafe(self._wake.set)

    def still_for(self, now: float) -> float:
        """Seconds at ``now`` (monotonic) for which nothing was done, beyond what the provider may take."""
        return self._handover.still_for(now)

    def pause(self, error: SendError, number: str) -> None:
        """The provider said, after it had taken a text, that it carries none of the account, or of one number."""
        self._log.error("the provider carries no texts: %s", error)
        if error.kind is Fault.SENDER:
            self.numbers.rest(self._clock(), number, error)
        elif error.kind is Fault.OURS:
            self.line.rest(self._clock(), error)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop``; what is in hand then is finished, or left to be looked up at the next start."""
        self._loop = asyncio.get_running_loop()
        self._handover.ending = Ending(stop, self._grace)
        try:
            while not stop.is_set():
                await self._turn()
            while self._hands:
                await self._one_less()
            await self._handover.write(lambda conn: senders.leave(conn, self._name))
        except (Stopping, StoreError):
            if not stop.is_set():
                raise
            self._log.warning("a text may have been left in hand; if so, it is looked up at the next start")
        finally:
            for task in self._hands:
                task.cancel()
            await asyncio.gather(*self._hands, return_exceptions=True)
            self._hands.clear()
            self._handover.turned_at = None

    async def _turn(self) -> None:
        self._handover.turn()
        while self._is_full_handed():
            await self._one_less()
        now = self._clock()
        if not self._next_beat.left(now):
            await self._look_around(now)
        doubt = next((d for d in self._doubts if d.is_due(now)), None)
        if doubt is not None:
            await self._look_up(doubt)
        elif left := self.line.left(now):
            if self.line.trouble:
                self._tell(await self._handover.write(lambda conn: sweep(conn, now)))
            await self._handover.ending.rest(self._sleep(min(left, POLL)))
        else:
            await self._send_next(now)

    def _is_full_handed(self) -> bool:
        """Whether no other text may be taken in hand yet, or one that is there is done."""
        most = 1 if self.line.trouble else self._at_once
        return len(self._hands) >= most or any(task.done() for task in self._hands)

    async def _one_less(self) -> None:
        """Wait until nothing more is to be done about a text in hand; raises what it raised."""
        done, _ = await asyncio.wait(self._hands, return_when=asyncio.FIRST_COMPLETED)
        task = done.pop()
        del self._hands[task]
        task.result()

    async def _look_around(self, now: float) -> None:
        """Give a sign of life, and doubt what others left in ``sending`` who give none any more."""
        self._next_beat.close(now, BEAT)
        self._beats += 1
        count = self._beats
        found = await self._handover.write(lambda conn: self._left_behind(conn, count, now))
        self._doubt(found)
        if not self._next_second_look.left(now):
            self._next_second_look.close(now, SECOND_LOOK)
            self._doubt(await self._handover.write(lambda conn: self._unknown(conn, now)), is_second=True)

    def _unknown(self, conn: Connection, now: float) -> list[OutMessage]:
        """Some texts of unknown fate, and others the next time, until all of them were asked for."""
        found = claims.unknown(conn, now - DAY, self._absent)
        if not found:
            self._absent.clear()
            found = claims.unknown(conn, now - DAY)
        return found

    def _left_behind(self, conn: Connection, count: int, now: float) -> list[OutMessage]:
        senders.beat(conn, self._name, count, now)
        call_back(conn, now)
        self._has_company = senders.has_company(conn, self._name)
        found = claims.interrupted(conn, apart_from=self._name)
        beats = senders.beats(conn) if found else {}
        gone = {name for name in {one.claimed_by for one in found} if self._pulse.is_gone(name, beats, now)}
        return [message for message in found if message.claimed_by in gone]

    def _doubt(self, found: list[OutMessage], is_second: bool = False) -> None:
        known = {doubt.message.id for doubt in self._doubts}
        new = [message for message in found if message.id not in known]
        self._doubts += [Doubt(message, self._sure_after, is_second) for message in new]

    async def _send_next(self, now: float) -> None:
        self._wake.clear()
        token, avoid = str(uuid.uuid4()), self._lines_to_avoid(now)
        busy = [one.to_number for one in self._hands.values()]
        message, stopped = await self._handover.write(lambda conn: self._claim(conn, token, avoid, busy))
        self._tell(stopped)
        if message is None:
            await self._wait_for_work()
            return
        if not self._handover.is_fresh(message):
            # It is begun anew, unless a person has judged it meanwhile.
            await self._handover.settle(message, outcomes.untouched(self._clock()))
            return
        self.line.spend(self._clock(), message.segments)
        task = asyncio.create_task(self._handover.send(message))
        self._hands[task] = message
        task.add_done_callback(lambda _: self._wake.set())  # its number may be what the next one waits for

    def _lines_to_avoid(self, now: float) -> list[str]:
        """The numbers from which nothing can be sent now; from one in trouble one text is tried at a time."""
        tried = {one.from_number for one in self._hands.values()} & self.numbers.trouble.keys()
        return [*self.numbers.resting(now), *tried]

    async def _wait_for_work(self) -> None:
        of_others, self._of_others = self._of_others, 0
        if of_others:
            self.line.spend(self._clock(), of_others)
        else:
            await self._handover.ending.rest(self._sleep(OTHERS_FIRST if of_others is None else POLL), self._wake)

    def _claim(
        self, conn: Connection, token: str, avoid: list[str], busy: list[str]
    ) -> tuple[OutMessage | None, list[Stopped]]:
        """The next text, and those that were found not to leave any more."""
        stopped: list[Stopped] = []
        claims.give_back(conn, token)
        now = self._clock()  # the database may have been gone for long, since it was asked for
        if self._handover.ending.has_begun():
            return None, stopped  # nobody would send it
        self._of_others = self._share.look(conn, self._has_company)
        if self._of_others != 0:
            return None, stopped
        message = self._next(conn, now, token, avoid, busy, stopped)
        if message is not None:
            self._share.spend(conn, message.segments)
        return message, stopped

    def _next(
        self, conn: Connection, now: float, token: str, avoid: list[str], busy: list[str], stopped: list[Stopped]
    ) -> OutMessage | None:
        if self._per_day and self._is_full(claims.segments_since(conn, now - DAY) >= self._per_day):
            stopped += sweep(conn, now)
            return None
        while (message := claims.claim(conn, now, self._name, token, avoid, busy, stopped.extend)) is not None:
            # What a person released is theirs to judge.
            automatic = message.flow is not None and message.author is None
            # Where there is no call, nobody has looked since it was written whether they came back.
            waited = automatic and (message.call_id is None or now - message.created_at > WAITED)
            decision = self._recheck(conn, message, now) if waited else None
            if decision is None:
                break
            stopped.append(withdraw(conn, message.id, message.call_id, decision))
        return message

    def _tell(self, stopped: list[Stopped]) -> None:
        for one in stopped:
            self._log.info("%s: %s: %s", who(one), one.status, one.reason)

    def _is_full(self, full: bool) -> bool:
        if full != self.is_full:
            told = "%d segments have left within a day: the rest waits" if full else "below %d segments a day again"
            self._log.log(logging.ERROR if full else logging.INFO, told, self._per_day)
        self.is_full = full
        return full

    def _begin_to_doubt(self, message: OutMessage) -> None:
        doubt = Doubt(message, self._sure_after)
        doubt.look_later(self._clock())
        self._doubts.append(doubt)

    async def _look_up(self, doubt: Doubt) -> None:
        message, why = doubt.message, "the provider does not know of it"
        try:
            found = await self._find(message)
        except SendError as error:
            if doubt.look_later(self._clock()):
                return
            found, why = None, f"it could not be looked up: {error}"
        else:
            if found is None and not doubt.is_sure(self._clock()):
                return
        if found is not None:
            await self._handover.adopt(message, found, message.claimed_at)
        elif doubt.is_second:
            self._absent.add(message.id)
        else:
            self._log.error("%s: unknown: %s", who(message), why)
            await self._handover.settle(message, outcomes.unknown(why))
        self._doubts.remove(doubt)

    async def _find(self, message: OutMessage) -> Accepted | None:
        others, later = await self._handover.write(
            lambda conn: (claims.ids_of_others(conn, message), claims.next_alike(conn, message))
        )
        since, until = self._handed_over(message, later)
        return await self._handover.ask(self._provider.find(outcomes.outgoing(message), since, others, until))

    def _handed_over(self, message: OutMessage, later: float | None) -> tuple[float, float | None]:
        """Between when it was handed over, if it was; ``later``: when another was claimed that says the same.

        If the clock was set back since, or the database, nobody knows how far.
        """
        now = self._clock()
        if message.claimed_at > now:
            return now - DAY, None
        return message.claimed_at, None if message.claimed_by == BEFORE else later
