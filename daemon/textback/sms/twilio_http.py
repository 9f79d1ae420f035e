"""The HTTP client that the Twilio SDK sends through: one time limit over all, and never a second try."""

from __future__ import annotations

import asyncio
import base64
import logging
from datetime import timezone
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from textback.clock import Clock
from textback.sms import Fault, SendError
from textback.sms.twilio_codes import refusal

#: The most of an answer that is read, in bytes: a page of the longest texts, every character of them escaped.
LIMIT = 4_000_000

#: The longest pause, in seconds, that a provider may ask for.
LONGEST_PAUSE = 86_400.0

#: Clocks that seem to differ by less, in seconds, may be the same: an answer is on its way for a while, and its date
#: has no fractions. What is off by more than ``NO_CLOCK`` is no clock.
TRAVEL, NO_CLOCK = 5.0, 86_400.0

#: Whose hosts the credentials are for, unless ``base`` names another.
OWN_HOSTS = ".twilio.com"


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait from a Retry-After header, in seconds or as a date (RFC 9110, 10.2.3); None if unreadable."""
    if value is None:
        return None
    try:
        seconds = float(value) if value.strip().isdecimal() else _moment(value) - now
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def _moment(date: str) -> float:
    """Epoch seconds of a date in a header, which is in UTC where it names no zone (RFC 9110, 5.6.7)."""
    moment = parsedate_to_datetime(date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def basic(auth: tuple[str, str]) -> str:
    """The header's value for a user and a password (RFC 7617)."""
    return "Basic " + base64.b64encode(":".join(auth).encode()).decode()


async def _connected(session: Any, context: Any, params: Any) -> None:
    # Until here not a byte of the request can have left, after it any of them may have.
    context.trace_request_ctx.written = True


def _trace() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_connected)
    trace.on_connection_reuseconn.append(_connected)
    return trace


class TwilioHttp(AsyncHttpClient):  # type: ignore[misc]
    """What the SDK calls for every request; times are in seconds, ``base`` replaces scheme and host of its URLs.

    Raises SendError: ``not_processed`` when nothing was written and for 429, ``unknown`` for 5xx and for whatever
    broke once the request had begun to leave. ``offset``: by how many seconds the provider's clock was ahead of ours
    when it last answered.
    """

    def __init__(self, base: str | None, timeout: float, connect: float, clock: Clock) -> None:
        super().__init__(logging.getLogger(__name__), True, timeout)
        self.offset = 0.0
        self._base = base.rstrip("/") if base else None
        self._times = aiohttp.ClientTimeout(total=timeout, connect=min(connect, timeout))
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One request, one answer; the SDK's own time-out and redirects are not used."""
        sent = dict(headers or {}, **({"Authorization": basic(auth)} if auth else {}))
        form = urlencode(data, doseq=True).encode() if data else None
        state = SimpleNamespace(written=False)
        try:
            url = self.url_of(uri) + ("?" + urlencode(params, doseq=True) if params else "")
            return await self._exchange(method, url, form, sent, state)
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError, ValueError) as error:
            raise _broken(error, state.written) from None

    async def _exchange(
        self, method: str, url: str, form: bytes | None, headers: dict[str, str], state: SimpleNamespace
    ) -> Response:
        asked_at = self._clock()
        async with self.session().request(
            method, url, data=form, headers=headers, allow_redirects=False, trace_request_ctx=state
        ) as answer:
            text = await _text(answer)
            if answer.status == 429 or answer.status >= 500:
                kind, meaning = refusal(answer.status, None)
                raise SendError(meaning, kind, retry_after(answer.headers.get("Retry-After"), self._clock()))
            self._set_clock(answer.headers.get("Date", ""), (asked_at + self._clock()) / 2)
            return Response(answer.status, text, dict(answer.headers))

    def _set_clock(self, date: str, at: float) -> None:
        """Learn what the provider's clock showed ``at`` a moment of ours (RFC 9110, 6.6.1), where that can be read."""
        try:
            ahead = _moment(date) - at
        except (ValueError, OverflowError):
            return
        if abs(ahead) <= NO_CLOCK:
            self.offset = ahead if abs(ahead) > TRAVEL else 0.0

    def url_of(self, uri: str) -> str:
        """Where a URL of the SDK's really is; raises ValueError for one that is not Twilio's."""
        parts = urlsplit(uri)
        if self._base is None:
            if parts.scheme != "https" or not (parts.hostname or "").endswith(OWN_HOSTS):
                raise ValueError("not a host of Twilio's")
            return uri
        own = urlsplit(self._base).path
        # Where a list goes on, a service that lives below a path of its own says so with that path.
        path = parts.path.removeprefix(own) if parts.path.startswith(f"{own}/") else parts.path
        return self._base + path + (f"?{parts.query}" if parts.query else "")

    def is_own(self, url: str) -> bool:
        """Whether a URL is one of Twilio's API, or of what stands in for it."""
        parts = urlsplit(url)
        at_twilio = parts.scheme == "https" and parts.netloc.lower() == "api.twilio.com"
        return at_twilio or self.is_where(url)

    def is_where(self, url: str) -> bool:
        """Whether a URL is where ``base`` says that the provider is."""
        here, parts = urlsplit(self._base or ""), urlsplit(url)
        return bool(self._base) and (parts.scheme, parts.netloc) == (here.scheme, here.netloc)

    def session(self) -> aiohttp.ClientSession:
        """The connections, with their time limits."""
        if self._session is None:
            # A kept connection may be half closed when the next text uses it: that text would be "unknown".
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._times,
                trace_configs=[_trace()],
            )
        return self._session

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _text(answer: aiohttp.ClientResponse) -> str:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        body += chunk
        if len(body) > LIMIT:
            raise aiohttp.ClientPayloadError("the answer is too long")
    return body.decode("utf-8", "replace")


def _broken(error: Exception, written: bool) -> SendError:
    # The text of the error may hold a URL with numbers, so only its kind is told.
    if written:
        return SendError(f"no answer after the request had left ({type(error).__name__})", Fault.UNKNOWN)
    return SendError(f"no connection to the provider ({type(error).__name__})", Fault.NOT_PROCESSED)
