"""Live updates: what changed on a page since it was last looked at, told to all who have it open."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from textback.store.engine import StoreError
from textback.store.faults import describe, is_fault
from textback.web.pages.fragments import Snapshot, changed

#: Seconds between two looks while something changes here, and while nothing does: others may write, too.
SOON, LATE = 0.5, 3.0
#: A round of looks is followed by a rest of so many times its length, so that pages never take the daemon's time.
REST = 1.5
#: Seconds after which a page is told that there is nothing new, so that nobody on the way takes it for dead.
HEARTBEAT = 15.0
#: Messages that may wait for a page that does not read them; then it is let go, and comes again.
PATIENCE = 64

Look = Callable[[Connection], Snapshot]
log = logging.getLogger("textback.web")


@dataclass(eq=False)
class Listener:
    """An open page: what is to be told to it; None: the end."""

    messages: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(PATIENCE))

    def tell(self, message: str | None) -> bool:
        """False if it has not read for so long that it must come again."""
        try:
            self.messages.put_nowait(message)
        except asyncio.QueueFull:
            return False
        return True


@dataclass(eq=False)
class _Group:
    """Pages that show the same: one look for all of them."""

    look: Look
    listeners: set[Listener] = field(default_factory=set)
    seen: Snapshot | None = None


class Live:
    """Looks now and then at what each open page shows. ``look`` runs a look into the database.

    Pages that show the same to people with the same rights share a key, and so one look, however many they are.
    """

    def __init__(
        self,
        look: Callable[[Look], Awaitable[Snapshot]],
        soon: float = SOON,
        late: float = LATE,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._look, self.heartbeat = look, heartbeat
        self._soon, self._late = soon, late
        self._groups: dict[Hashable, _Group] = {}
        self._stirred = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_over = False

    @property
    def listeners(self) -> int:
        """How many pages are open."""
        return sum(len(group.listeners) for group in self._groups.values())

    def stir(self) -> None:
        """Something was written; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stirred.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Look, until ``stop``; then every page is told that this is the end."""
        self._loop = asyncio.get_running_loop()
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                lasted = await self._round()
                await asyncio.wait({stopping}, timeout=max(self._soon, REST * lasted))
                stirred = asyncio.create_task(self._stirred.wait())
                await asyncio.wait({stopping, stirred}, timeout=self._late, return_when=asyncio.FIRST_COMPLETED)
                stirred.cancel()
                self._stirred.clear()
        finally:
            stopping.cancel()
            self._end()

    async def listen(self, key: Hashable, look: Look, digest: str) -> AsyncIterator[str | None]:
        """What is to be sent to a page that shows what has this digest, as server-sent events; None: nothing new.

        Ends when the daemon does, or where the page does not read.
        """
        group = self._groups.setdefault(key, _Group(look))
        listener = Listener()
        group.listeners.add(listener)
        try:
            now = await self._look(look)
            yield f"event: unread\ndata: {now.unread}\n\n"
            if now.digest != digest:
                yield _message(None, now)
            if group.seen is None:
                group.seen = now
            elif group.seen.digest != now.digest:
                self._tell(group, now)
            while not self._is_over:
                try:
                    message = await asyncio.wait_for(listener.messages.get(), self.heartbeat)
                except TimeoutError:
                    yield None
                    continue
                if message is None:
                    return
                yield message
        finally:
            group.listeners.discard(listener)
            if not group.listeners and self._groups.get(key) is group:
                del self._groups[key]

    async def _round(self) -> float:
        begun = time.monotonic()
        for group in list(self._groups.values()):
            try:
                now = await self._look(group.look)
            except Exception as error:
                if not (isinstance(error, StoreError) or is_fault(error)):
                    raise
                log.debug("a look for open pages failed: %s", describe(error))
                continue
            self._tell(group, now)
        return time.monotonic() - begun

    def _tell(self, group: _Group, now: Snapshot) -> None:
        before, group.seen = group.seen, now
        if before is None or before.digest == now.digest and before.unread == now.unread:
            return
        message = _message(before, now)
        for listener in list(group.listeners):
            if not listener.tell(message):
                group.listeners.discard(listener)
                listener.messages.get_nowait()
                listener.tell(None)

    def _end(self) -> None:
        self._is_over = True
        for group in self._groups.values():
            for listener in group.listeners:
                listener.tell(None)


def _message(before: Snapshot | None, now: Snapshot) -> str:
    told = json.dumps({"put": changed(before, now), "unread": now.unread})
    return f"event: change\ndata: {told}\n\n"
