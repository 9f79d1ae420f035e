"""What Twilio posts of a text that it took: signed, late, out of order, twice, or never."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

import aiohttp
from twilio.request_validator import RequestValidator

from tests.faults.daemon import PUBLIC_URL, TOKEN

#: seconds after which the last of them has come, at most
LATEST = 2.0
_WAIT = aiohttp.ClientTimeout(total=15.0)


class Callbacks:
    """``ports`` gives where the daemons listen now; ``delivered`` are the SIDs of which one of them took the news."""

    def __init__(self, ports: Callable[[], Sequence[int]], chance: random.Random) -> None:
        self.delivered: set[str] = set()
        self.posted = 0
        self._ports, self._chance = ports, chance
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, sid: str, number: str, url: str) -> None:
        """Tell of a text some time later; a third of what there is to tell gets lost."""
        news = [state for state in ("sent", "delivered", "delivered") if self._chance.random() < 0.67]
        self._chance.shuffle(news)
        for state in news:
            task = asyncio.get_running_loop().create_task(self._post(sid, number, url, state))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _post(self, sid: str, number: str, url: str, state: str) -> None:
        await asyncio.sleep(self._chance.uniform(0, LATEST))
        ports = self._ports()
        if not ports:
            return
        form = {"MessageSid": sid, "MessageStatus": state, "To": number, "AccountSid": "AC" + "0" * 32}
        headers = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, form)}
        here = url.replace(PUBLIC_URL, f"http://127.0.0.1:{self._chance.choice(ports)}")
        try:
            async with aiohttp.ClientSession(timeout=_WAIT) as session, session.post(
                here, data=form, headers=headers
            ) as answer:
                self.posted += 1
                if answer.status == 200 and state == "delivered":
                    self.delivered.add(sid)
        except (aiohttp.ClientError, asyncio.TimeoutError):
            return  # the daemon is dead; Twilio does not come again
