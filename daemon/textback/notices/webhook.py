"""Tells other software, by a signed post to where its practice says."""

from __future__ import annotations

import json
import re
import ssl
from datetime import datetime, timezone
from http import HTTPStatus

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from textback.clock import Clock
from textback.inside import Network, address_of, may_be_reached
from textback.notices.errand import Errand, Untold
from textback.notices.resolving import Inside, OutsideOnly, OwnThreads
from textback.notices.signing import signature
from textback.store.notices import Channel

#: Webhooks that are posted to at once, each practice one.
AT_ONCE = 8
INSIDE = "it leads inside, and [notify] allow_private in textback.toml does not have it"


class Webhook:
    """The carrier of posts; ``timeout``: seconds that all of one may take, ``allowed``: networks of ours to post to.

    ``context`` and ``lookup`` are for tests.
    """

    channel = Channel.WEBHOOK
    at_once = AT_ONCE

    def __init__(
        self,
        key: str,
        clock: Clock,
        *,
        allowed: tuple[Network, ...] = (),
        timeout: float = 20.0,
        context: ssl.SSLContext | None = None,
        lookup: AbstractResolver | None = None,
    ) -> None:
        self._key, self._clock, self._allowed, self._timeout = key, clock, allowed, timeout
        self._context, self._lookup = context, lookup or OwnThreads(AT_ONCE)

    def place(self, practice: str) -> str:
        """Each practice has its own receiver."""
        return practice

    async def carry(self, errand: Errand) -> None:
        """Post it. 2xx is taken; 410 is given up; all else is tried again."""
        body = json.dumps(payload_of(errand), ensure_ascii=False).encode()
        now = int(self._clock())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "textback",
            "webhook-id": errand.id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self._key, errand.id, now, body),
        }
        status, retry_after = await self._ask("POST", errand.target, body, headers)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        if status == HTTPStatus.GONE:
            raise Untold("the webhook says 410: it is gone", for_good=True, of_place=False)
        raise Untold(f"the webhook answers HTTP {status}", retry_after=retry_after)

    async def look(self, url: str) -> int:
        """The status that it answers to a HEAD, which tells it nothing; raises ``Untold``."""
        return (await self._ask("HEAD", url, b"", {"User-Agent": "textback"}))[0]

    async def _ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, float | None]:
        """Status and ``Retry-After``. No redirect is followed, no proxy asked, and of the answer only its head read."""
        url = URL(target)
        self._refuse_inside(url.host or "")
        connector = aiohttp.TCPConnector(
            resolver=OutsideOnly(self._allowed, self._lookup), use_dns_cache=False, ssl=self._context or True
        )
        times = aiohttp.ClientTimeout(total=self._timeout)
        jar = aiohttp.DummyCookieJar()
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=times, cookie_jar=jar) as session,
                session.request(method, url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                answer.close()  # what it says is nothing to us, however long it is
                return answer.status, _seconds(answer.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Untold(f"the webhook cannot be posted to: {_described(error)}") from None

    def _refuse_inside(self, host: str) -> None:
        """What is an address already is never looked up."""
        address = address_of(host)
        if address is not None and not may_be_reached(address, self._allowed):
            raise Untold(f"the webhook cannot be posted to: {INSIDE}")


def payload_of(errand: Errand) -> dict[str, object]:
    """What is posted; its keys are stable."""
    return {
        "type": "reply.received",
        "timestamp": datetime.fromtimestamp(int(errand.at), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": {
            "practice": errand.practice,
            "line": errand.line,
            "conversation": errand.conversation,
            "url": errand.url,
            "unread": errand.unread,
        },
    }


def _described(error: Exception) -> str:
    """Without the address, in which some receivers have a password."""
    reason = getattr(error, "os_error", error)
    if isinstance(reason, Inside):
        return INSIDE
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not to be trusted"
    return (getattr(reason, "strerror", None) or type(error).__name__)[:160]


def _seconds(text: str) -> float | None:
    """A ``Retry-After`` in seconds; one that is a date is not heeded."""
    return float(text) if re.fullmatch(r"[0-9]{1,6}", text.strip()) else None
