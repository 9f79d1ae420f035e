"""Twilio's stand-in in a thread of its own, for a daemon that is a process of its own; it keeps what it was given."""

from __future__ import annotations

import asyncio
import threading
from email.utils import formatdate
from typing import Any

from tests.sms.fake_twilio import FakeTwilio, Request, fake_twilio, page, reply, resource

_START_LIMIT = 10.0


class Twilio:
    """Takes every text, and lists those it has; texts to the `silent` numbers are taken, but never answered."""

    def __init__(self) -> None:
        self.silent: set[str] = set()
        self.messages: list[dict[str, Any]] = []
        self._fake = FakeTwilio(self._answer)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._run, name="twilio", daemon=True)

    def __enter__(self) -> Twilio:
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

    @property
    def posts(self) -> list[Request]:
        """Every request to send a text, in order."""
        return self._fake.posts

    def posts_to(self, number: str) -> list[Request]:
        """The requests to send a text to this number (E.164)."""
        return [post for post in self.posts if post.form.get("To") == number]

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        async with fake_twilio(self._answer) as self._fake:
            self._listens.set()
            await self._stop.wait()

    async def _answer(self, fake: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        assert request is not None
        if request.method == "GET":
            wanted = (request.query.get("To"), request.query.get("From"))
            found = [message for message in self.messages if (message["to"], message["from"]) == wanted]
            await page(*found)(fake, request, writer)
            return
        made = resource(
            sid=f"SM{len(self.messages):032x}",
            to=request.form.get("To"),
            body=request.form.get("Body"),
            date_created=formatdate(usegmt=True),
            **{"from": request.form.get("From")},
        )
        self.messages.append(made)
        if made["to"] in self.silent:
            await fake.never.wait()
        await reply(201, made)(fake, request, writer)
