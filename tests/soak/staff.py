"""Somebody of the staff who answers callers through the pages, and call-centre software that starts texts."""

from __future__ import annotations

import asyncio
import html
import random
import re
import time
from collections.abc import Callable

import aiohttp

from tests.soak.books import Books, Told
from tests.web.browser import PASSWORD

_FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_TILE = re.compile(r'href="/conversations/(\d+)')
_NUMBER = re.compile(r"<dt>Number</dt><dd>([^<]+)</dd>")
_WAIT = aiohttp.ClientTimeout(total=8.0)


class Desk:
    """A browser; ``ports``: where pages are served. What it is told stands in the books."""

    def __init__(self, books: Books, ports: Callable[[], list[int]], seed: int) -> None:
        self.answered = self.looked = 0
        self._books, self._ports = books, ports
        self._chance = random.Random(seed)
        self._session: aiohttp.ClientSession | None = None
        self._serial = 0

    async def work(self, every: float) -> None:
        """Answer somebody now and then, until cancelled."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * every)
            try:
                await self._answer_somebody()
            except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
                continue  # the daemon is away: they try again later

    async def close(self) -> None:
        """Go home."""
        if self._session is not None:
            await self._session.close()

    async def _answer_somebody(self) -> None:
        base = f"http://127.0.0.1:{self._chance.choice(self._ports())}"
        if self._session is None:
            jar = aiohttp.CookieJar(unsafe=True)
            self._session = aiohttp.ClientSession(timeout=_WAIT, cookie_jar=jar)
        page = await self._get(f"{base}/inbox")
        if 'name="password"' in page:
            form = _fields(page) | {"name": "kim", "password": PASSWORD}
            page = await self._post(base, "/sign-in", form)
            page = await self._get(f"{base}/inbox")
        self.looked += 1
        tiles = sorted(set(_TILE.findall(page)))
        if tiles:
            await self._reply(base, self._chance.choice(tiles))

    async def _reply(self, base: str, talk: str) -> None:
        page = await self._get(f"{base}/conversations/{talk}")
        form = _fields(page[page.find('id="composer"') :])
        found = _NUMBER.search(page)
        if "key" not in form or found is None or "opted out" in page:
            return
        self._serial += 1
        number = re.sub(r"[^\d+]", "", html.unescape(found[1]))
        number = number if number.startswith("+") else f"+1{number}"
        told = Told(f"Staff answer {self._serial}", number, time.time(), took=False)
        self._books.told.append(told)
        form |= {"body": told.what, "as": "text"}
        there = await self._post(base, f"/conversations/{talk}/reply", form)
        told.took = "said=sent" in there
        self.answered += told.took
        if told.took:
            page = await self._get(f"{base}/conversations/{talk}")
            await self._post(base, f"/conversations/{talk}/do", _fields(page) | {"do": "close"})

    async def _get(self, url: str) -> str:
        assert self._session is not None
        async with self._session.get(url) as answer:
            return await answer.text()

    async def _post(self, base: str, path: str, form: dict[str, str]) -> str:
        """Where the answer leads."""
        assert self._session is not None
        told = self._session.post(base + path, data=form, headers={"Origin": base}, allow_redirects=False)
        async with told as answer:
            return answer.headers.get("Location", "")


class CallCentre:
    """Posts callers' numbers to ``/webhook/TOKEN``."""

    def __init__(self, books: Books, ports: Callable[[], list[int]], token: str) -> None:
        self._books, self._ports, self._token = books, ports, token
        self._serial = 0

    async def work(self, every: float) -> None:
        """Start the flow for a new number now and then, until cancelled."""
        async with aiohttp.ClientSession(timeout=_WAIT) as session:
            while True:
                await asyncio.sleep(every)
                self._serial += 1
                told = Told("webhook", f"+1989{2_000_000 + self._serial}", time.time(), took=False)
                self._books.told.append(told)
                url = f"http://127.0.0.1:{self._ports()[self._serial % len(self._ports())]}/webhook"
                bearer = {"Authorization": f"Bearer {self._token}"}
                try:
                    async with session.post(url, json={"caller": told.number}, headers=bearer) as answer:
                        told.took = answer.status == 202
                        told.message_id = (await answer.json())["message"] if told.took else None
                except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
                    continue  # not known to have arrived: it may have


def _fields(page: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _FIELD.findall(page)}
