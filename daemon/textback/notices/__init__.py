"""Tells staff of replies that nobody has read: claimed, told, settled, each at least once and hardly ever twice.

Who stops between being told of and settling leaves a claim behind, which ends by itself: the notice is told again,
with the same id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Connection

from textback.clock import Clock
from textback.complaints import place as place_in_code
from textback.directory import Directory
from textback.notices.errand import Carrier, Errand, Untold, errand_of
from textback.notices.rests import Rests, due_again
from textback.store import notices
from textback.store.engine import StoreError
from textback.store.notices import Notice
from textback.store.writer import Writer
from textback.until import until

__all__ = ["GRACE", "POLL", "Carrier", "Errand", "Teller", "Untold", "tidy"]

#: Seconds between two looks for notices that are due.
POLL = 2.0
#: Seconds that what is under way may still take once the daemon stops.
GRACE = 5.0
#: Seconds for which what was settled can still be looked at.
KEPT = 7 * 86_400.0


class Teller:
    """Tells by one way; ``pages``: where staff find the pages, ``poll``: seconds between two looks."""

    def __init__(
        self,
        carrier: Carrier,
        writer: Writer,
        book: Callable[[Connection], Directory],
        clock: Clock,
        log: logging.Logger,
        *,
        pages: str | None = None,
        poll: float = POLL,
    ) -> None:
        self._carrier, self._writer, self._book, self._clock, self._log = carrier, writer, book, clock, log
        self._pages, self._poll = pages, poll
        self._rests = Rests()
        self._in_hand: dict[asyncio.Task[None], str] = {}
        self._freed = asyncio.Event()

    @property
    def trouble(self) -> dict[str, str]:
        """Why nobody is told, in words, by practice; '' stands for all of them."""
        return dict(self._rests.trouble)

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until ``stop``; what is under way then is finished, or told again later."""
        try:
            await until(stop, self._for_ever())
        finally:
            await self._finish()

    async def _for_ever(self) -> None:
        while True:
            self._freed.clear()
            for task in [task for task in self._in_hand if task.done()]:
                del self._in_hand[task]
                task.result()
            if (claimed := await self._claimed()) is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._freed.wait(), self._poll)
                continue
            task = asyncio.create_task(self._tell(*claimed))
            self._in_hand[task] = self._carrier.place(claimed[0].practice)
            task.add_done_callback(lambda _: self._freed.set())

    async def _finish(self) -> None:
        """A write may fail now, as the daemon stops: what it was about is told again."""
        if not self._in_hand:
            return
        _, left = await asyncio.wait(self._in_hand, timeout=GRACE)
        for task in left:
            task.cancel()
        for error in await asyncio.gather(*self._in_hand, return_exceptions=True):
            if isinstance(error, Exception) and not isinstance(error, StoreError):
                raise error

    async def _claimed(self) -> tuple[Notice, Errand] | None:
        resting = self._rests.now(self._clock())
        if len(self._in_hand) >= self._carrier.at_once or "" in resting:
            return None
        avoid = {*resting, *self._in_hand.values()}
        return await self._writer.run(lambda conn: self._claim(conn, avoid))

    def _claim(self, conn: Connection, avoid: set[str]) -> tuple[Notice, Errand] | None:
        now, directory = self._clock(), self._book(conn)  # the database may have been gone for long
        while (notice := notices.claim(conn, self._carrier.channel, now, avoid)) is not None:
            errand = errand_of(conn, directory, notice, self._pages)
            if errand is not None:
                return notice, errand
            notices.drop(conn, notice)
        return None

    async def _tell(self, notice: Notice, errand: Errand) -> None:
        try:
            await self._carrier.carry(errand)
        except Untold as error:
            await self._failed(notice, error)
        except Exception as error:
            why = f"a fault in our code ({type(error).__name__}{place_in_code(error)})"
            await self._failed(notice, Untold(why, of_place=False))
        else:
            self._works(notice)
            now = self._clock()
            is_ours = await self._writer.run(lambda conn: notices.told(conn, notice, now))
            self._log.info("%s: told%s", _who(notice), "" if is_ours else ", and perhaps twice")

    async def _failed(self, notice: Notice, error: Untold) -> None:
        now, why, pause = self._clock(), str(error), 0.0
        if error.of_place:
            pause = self._rests.begin(self._carrier.place(notice.practice), error, now)
        else:
            self._works(notice)
        due_at = due_again(now, notice.attempts, error, pause)
        if error.for_good or due_at >= notice.expires_at:
            self._log.error("%s: given up: %s", _who(notice), why)
            await self._writer.run(lambda conn: notices.give_up(conn, notice, why, now))
            return
        self._log.warning("%s: not told, tried again in %.0f s: %s", _who(notice), due_at - now, why)
        await self._writer.run(lambda conn: notices.put_back(conn, notice, why, due_at))

    def _works(self, notice: Notice) -> None:
        if self._rests.end(self._carrier.place(notice.practice)):
            self._log.info("staff can be told by %s again", self._carrier.channel)


async def tidy(writer: Writer, clock: Clock, log: logging.Logger, stop: asyncio.Event, every: float = 600.0) -> None:
    """Give up what nobody takes, and forget what was settled long ago, every so many seconds until ``stop``."""
    while not stop.is_set():
        now = clock()
        if given_up := await writer.run(lambda conn: notices.expire(conn, now)):
            log.error("staff were not told of %d replies: textback.toml lacks what it takes", given_up)
        while await writer.run(lambda conn: notices.prune(conn, now - KEPT)) == notices.BATCH:
            pass
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)


def _who(notice: Notice) -> str:
    to = f" to {notice.address}" if notice.address else ""
    return f"{notice.channel} {notice.id}{to} of conversation {notice.conversation}"
