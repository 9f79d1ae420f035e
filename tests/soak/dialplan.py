"""What the dialplan of a caller asks the daemon over FastAGI, at the first address that answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tests.hooks.fake_asterisk import FakeCall, environment
from tests.soak.books import Books
from tests.soak.kinds import HOOK_LIMIT
from tests.soak.posts import Posts
from tests.soak.visits import Visit

#: seconds that somebody who said STOP waits until it must have arrived, before they call again
STOPPED = 40.0


class Dialplan:
    """``ports``: the daemons' addresses in the order in which a dialplan tries them; ``is_calm``: nothing is broken."""

    def __init__(self, books: Books, posts: Posts, ports: Callable[[], list[int]], is_calm: Callable[[], bool]) -> None:
        self.asked = 0
        self._books, self._posts, self._ports, self._is_calm = books, posts, ports, is_calm

    async def ask(self, hook: str, visit: Visit) -> str | None:
        """What the hook says: TEXTBACK_RESULT, or ``done`` if it sets none; None if nobody answered."""
        if hook == "stop":
            return await self._wait_for_stop(visit)
        self.asked += 1
        pbx, _, uniqueid = visit.id.partition("/")
        who = {"uniqueid": uniqueid, "callerid": visit.number or "unknown", "calleridname": visit.name or "unknown"}
        lines = environment(f"{hook}?pbx={pbx}&queue=support", **who)
        for port in self._ports():
            calm, began = self._is_calm(), time.perf_counter()
            try:
                async with asyncio.timeout(HOOK_LIMIT):
                    call = await FakeCall(lines).run(port)
            except (OSError, TimeoutError, EOFError):
                continue
            taken = time.perf_counter() - began
            if not any(name.startswith("SET VARIABLE") for name in call.commands) and hook not in _SILENT:
                continue  # it was closed in the middle: the dialplan tries the next one
            self._books.hooks.append((hook, taken, calm and self._is_calm()))
            return call.set.get("TEXTBACK_RESULT", "done")
        return None

    async def _wait_for_stop(self, visit: Visit) -> str | None:
        arrived = self._posts.stoppers.get(f"+{visit.number}")
        if arrived is None:
            return None
        try:
            await asyncio.wait_for(arrived.wait(), STOPPED)
        except TimeoutError:
            return None
        return "stopped"


#: hooks that set nothing when they succeed
_SILENT = ("handled", "no-answer")
