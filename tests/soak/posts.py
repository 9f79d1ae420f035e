"""What the provider posts: delivery states late, twice and out of order; and what callers write back."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine

import aiohttp
from twilio.request_validator import RequestValidator

from tests.faults.daemon import PUBLIC_URL, TOKEN
from tests.soak.books import Books, Written

_WAIT = aiohttp.ClientTimeout(total=8.0)
_ACCOUNT = "AC" + "0" * 32
LINE = "+12025550100"
#: seconds after which the last news of a text has come; between two tries to post what somebody wrote; how many
LATEST, AGAIN, TRIES = 6.0, 2.0, 60
#: how large a part of those who get a text writes back
ANSWERING = 0.1


class Posts:
    """``ports``: where the daemons listen for posts; ``stoppers``: the numbers that will answer with STOP."""

    def __init__(self, books: Books, ports: Callable[[], list[int]], seed: int) -> None:
        self.stoppers: dict[str, asyncio.Event] = {}
        #: who does not write back
        self.silent: set[str] = set()
        self.posted = 0
        self._books, self._ports = books, ports
        self._chance = random.Random(seed)
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._serial = 0

    async def close(self) -> None:
        """Let go of what is still to be posted."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    @property
    def waiting(self) -> int:
        """How much is still to be posted."""
        return len(self._tasks)

    def tell(self, sid: str, number: str, url: str) -> None:
        """The provider has taken a text; called from its own thread."""
        self._loop.call_soon_threadsafe(self._plan, sid, number, url)

    def _plan(self, sid: str, number: str, url: str) -> None:
        if number == LINE:
            return
        news = ["sent", "delivered"] + (["delivered"] if self._chance.random() < 0.2 else [])
        for state in self._chance.sample(news, len(news)):
            if self._chance.random() < 0.9:
                self._begin(self._status(sid, number, url, state))
        if number in self.stoppers:
            self._begin(self._write(number, "STOP"))
        elif number not in self.silent and self._chance.random() < ANSWERING:
            self._begin(self._write(number, self._chance.choice(("Yes, please call me", "Mañana 🙂", "ok thanks"))))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _status(self, sid: str, number: str, url: str, state: str) -> None:
        await asyncio.sleep(self._chance.uniform(0, LATEST))
        form = {"MessageSid": sid, "MessageStatus": state, "To": number, "AccountSid": _ACCOUNT}
        if await self.post(url, form) == 200 and state == "delivered":
            self._books.delivered.add(sid)

    async def _write(self, number: str, body: str) -> None:
        await asyncio.sleep(self._chance.uniform(0.5, 3.0))
        self._serial += 1
        written = Written(f"SMe{self._serial:031x}", number, body)
        self._books.written.append(written)
        form = {"MessageSid": written.sid, "AccountSid": _ACCOUNT, "From": number, "To": LINE, "Body": body}
        form["NumMedia"] = "0"
        for _ in range(TRIES):
            if await self.post(f"{PUBLIC_URL}/twilio/sms", form) == 200:
                written.taken_at = time.time()
                break
            await asyncio.sleep(AGAIN)
        if self._chance.random() < 0.1:
            await self.post(f"{PUBLIC_URL}/twilio/sms", form)  # the answer was lost on its way: it comes again
        if body == "STOP" and written.taken_at is not None:
            self._books.stopped.setdefault(number, written.taken_at)
            self.stoppers[number].set()

    async def post(self, url: str, form: dict[str, str]) -> int:
        """A form, signed over the URL by which the provider knows the daemon; 0 if there was no answer."""
        ports = self._ports()
        if not ports:
            return 0
        headers = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, form)}
        here = url.replace(PUBLIC_URL, f"http://127.0.0.1:{self._chance.choice(ports)}")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_WAIT)
        try:
            async with self._session.post(here, data=form, headers=headers) as answer:
                self.posted += 1
                return answer.status
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            return 0
