"""A Twilio on a real socket, in a thread of its own, that misbehaves by a seed and remembers every text it accepted."""

from __future__ import annotations

import asyncio
import calendar
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.faults.callbacks import Callbacks
from tests.faults.misdeeds import LISTINGS, POSTS, Misdeed
from tests.sms.fake_twilio import FakeTwilio, Request, fake_twilio, reply, resource

_START_LIMIT = 10.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A text that was accepted; ``message_id`` is the daemon's own, where its callback URL tells it."""

    sid: str
    message_id: str | None
    to: str
    sender: str
    body: str
    at: float


class FaultyTwilio:
    """``sins``: how large a part of the requests is answered badly; ``timeout`` is the daemon's, in seconds.

    What is accepted stands in the list only ``lag`` seconds later; the provider's clock is ``ahead`` of ours.
    ``only``: the names of the misdeeds that may happen; ``on_taken`` hears how many it has, before it answers.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        sins: float = 0.0,
        timeout: float = 1.0,
        lag: float = 0.0,
        ahead: float = 0.0,
        only: tuple[str, ...] = (),
        clock: Callable[[], float] = time.time,
        on_taken: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.sins, self.timeout, self.lag = sins, timeout, lag
        self.chance = random.Random(seed)
        self.misdeeds: Counter[str] = Counter()
        self.taken: list[Taken] = []
        self.posts = 0
        #: by our own id of a text: when it was offered (epoch seconds), and what the provider did wrong then, if it did
        self.offers: defaultdict[str, list[tuple[float, str | None]]] = defaultdict(list)
        #: what it tells of later, if it does
        self.callbacks: Callbacks | None = None
        self._on_taken = on_taken
        self._clock = lambda: clock() + ahead
        self._posts = _chosen(only)
        self._by_sid: dict[str, Taken] = {}
        self._by_number: defaultdict[str, list[Taken]] = defaultdict(list)
        self._told = threading.Condition()
        self._fake = FakeTwilio(self._answer)
        self._stop = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faulty-twilio", daemon=True)

    def __enter__(self) -> FaultyTwilio:
        self._thread.start()
        assert self._listens.wait(_START_LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_LIMIT)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._fake.url

    def heal(self) -> None:
        """From now on every request is answered well."""
        self.sins = 0.0

    def misbehave(self, sins: float, only: tuple[str, ...] = ()) -> None:
        """From now on so large a part of the requests is answered badly, in these ways."""
        self._posts = _chosen(only)
        self.sins = sins

    def wait_posts(self, count: int, timeout: float) -> bool:
        """Wait until so many texts were offered in all, at most ``timeout`` seconds; whether they were."""
        with self._told:
            return self._told.wait_for(lambda: self.posts >= count, timeout)

    def accept(self, request: Request) -> dict[str, Any]:
        """Take the text for good; gives the resource that Twilio answers with."""
        form = request.form
        sid, told = f"SM{len(self.taken):032x}", [form.get(name, "") for name in ("To", "From", "Body")]
        made = Taken(sid, _own_id(request), *told, self._clock())
        self.taken.append(made)
        self._by_sid[sid] = made
        self._by_number[made.to].append(made)
        self._on_taken(len(self.taken))
        if self.callbacks is not None and "StatusCallback" in form:
            self.callbacks.tell(made.sid, made.to, form["StatusCallback"])
        return _resource(made)

    @property
    def headers(self) -> tuple[str, ...]:
        """What every answer bears: the provider's own time (RFC 9110, 6.6.1)."""
        return (f"Date: {formatdate(self._clock(), usegmt=True)}",)

    # -- in its own thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        async with fake_twilio(self._answer) as self._fake:
            self._listens.set()
            await self._stop.wait()

    async def _answer(self, fake: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        if request is None:
            fake.reads = True
            await self.hang()
            return
        fake.requests.clear()
        is_post = request.method == "POST"
        misdeed = self._misdeed(is_post)
        if is_post:
            self._note(request, misdeed[0] if misdeed else None)
        if misdeed is not None:
            await misdeed[1](self, fake, request, writer)
        elif is_post:
            await reply(201, self.accept(request), *self.headers)(fake, request, writer)
        else:
            await self.show(fake, request, writer)

    def _note(self, request: Request, misdeed: str | None) -> None:
        self.offers[_own_id(request) or ""].append((self._clock(), misdeed))
        with self._told:
            self.posts += 1
            self._told.notify_all()

    async def hang(self, seconds: float | None = None) -> None:
        """Say nothing, for much longer than the daemon waits."""
        await asyncio.sleep(4 * self.timeout if seconds is None else seconds)

    def be_deaf(self, fake: FakeTwilio) -> None:
        """The next request is not even read."""
        fake.reads = False

    def _misdeed(self, is_post: bool) -> tuple[str, Misdeed] | None:
        if self.chance.random() >= self.sins:
            return None
        table = self._posts if is_post else LISTINGS
        name = self.chance.choices(list(table), [weight for weight, _ in table.values()])[0]
        self.misdeeds[name] += 1
        return name, table[name][1]

    async def show(self, fake: FakeTwilio, request: Request, writer: asyncio.StreamWriter) -> None:
        """The list of messages, or one of them, as it truly is."""
        sid = request.path.rpartition("/")[2].removesuffix(".json")
        if sid.startswith("SM"):
            found = self._by_sid.get(sid)
            document = _resource(found) if found else {"code": 20404, "message": "not found", "status": 404}
            await reply(200 if found else 404, document, *self.headers)(fake, request, writer)
            return
        await reply(200, self._page(request), *self.headers)(fake, request, writer)

    def _page(self, request: Request) -> dict[str, Any]:
        wanted, size, number = request.query, int(request.query.get("PageSize", 50)), int(request.query.get("Page", 0))
        shown_until = self._clock() - self.lag
        all_of_them = self._by_number[wanted["To"]] if "To" in wanted else self.taken
        found = [one for one in reversed(all_of_them) if one.at <= shown_until and _fits(one, wanted)]
        begin, end = number * size, number * size + size
        rest = "&".join(f"{key}={value}" for key, value in wanted.items() if key != "Page")
        more = f"{request.path}?{rest}&Page={number + 1}".replace("+", "%2B") if end < len(found) else None
        page = [_resource(one) for one in found[begin:end]]
        return {"messages": page, "page": number, "page_size": size, "next_page_uri": more}


def _chosen(only: tuple[str, ...]) -> dict[str, tuple[int, Misdeed]]:
    return {name: entry for name, entry in POSTS.items() if name in (only or POSTS)}


def _own_id(request: Request) -> str | None:
    """The daemon's own id of a text, from its callback URL."""
    told = parse_qs(urlsplit(request.form.get("StatusCallback", "")).query)
    return told.get("message", [None])[0]


def _fits(one: Taken, wanted: dict[str, str]) -> bool:
    after = wanted.get("DateSent>", wanted.get("DateSent>="))
    return (
        one.to == wanted.get("To", one.to)
        and one.sender == wanted.get("From", one.sender)
        and (after is None or one.at >= _moment(after))
    )


def _moment(text: str) -> float:
    shape = "%Y-%m-%dT%H:%M:%SZ" if "T" in text else "%Y-%m-%d"
    return float(calendar.timegm(time.strptime(text, shape)))


def _resource(one: Taken) -> dict[str, Any]:
    made = formatdate(one.at, usegmt=True)
    names = {"from": one.sender, "date_created": made, "date_sent": made, "status": "sent"}
    return resource(sid=one.sid, to=one.to, body=one.body, **names)
