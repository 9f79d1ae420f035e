"""One picture of a text, fetched from Twilio with our credentials, which no other host ever sees."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import aiohttp

from textback.sms import Content, Fault, SendError
from textback.sms.twilio_codes import refusal
from textback.sms.twilio_http import TwilioHttp, basic

#: Bytes; Twilio takes no text with more than 5 MB (https://www.twilio.com/docs/messaging/api/media-resource).
LARGEST = 8_000_000
#: Where Twilio itself keeps what its API then points to, without asking for credentials there.
_STORES = (".twiliocdn.com",)
_HOPS = 2

_PATH = "/2010-04-01/Accounts/{account}/Messages/[SM]M[0-9a-fA-F]{{32}}/Media/ME[0-9a-fA-F]{{32}}"
#: What a page may show or hand on. SVG is none of them: it can hold a program.
_TYPES = re.compile(
    r"image/(?:jpe?g|png|gif|webp|heic|heif|bmp|tiff|avif)|(?:audio|video)/[a-z0-9][a-z0-9.+-]{0,60}|application/pdf"
)


class _Answer(NamedTuple):
    status: int
    location: str | None
    content: Content | None


async def fetch(http: TwilioHttp, account: str, token: str, url: str) -> Content:
    """The picture at a URL that came with a text; raises SendError, ``permanent`` where asking again cannot help."""
    if not _is_ours(http, account, url):
        raise SendError("the picture is not in our account at Twilio", Fault.PERMANENT)
    asked = http.url_of(url.partition("?")[0])
    headers = {"Authorization": basic((account, token))}
    for _ in range(1 + _HOPS):
        answer = await _ask(http, asked, headers)
        if answer.content is not None:
            return answer.content
        if answer.location is None:
            raise _refused(answer.status)
        asked, headers = _next(http, asked, answer.location), {}
    raise SendError("the picture is moved again and again", Fault.PERMANENT)


def _is_ours(http: TwilioHttp, account: str, url: str) -> bool:
    try:
        path = urlsplit(url).path
        return bool(re.fullmatch(_PATH.format(account=re.escape(account)), path)) and http.is_own(url)
    except ValueError:
        return False


async def _ask(http: TwilioHttp, url: str, headers: dict[str, str]) -> _Answer:
    try:
        options: Any = {"allow_redirects": False, "trace_request_ctx": SimpleNamespace(written=False)}
        async with http.session().get(url, headers=headers, **options) as answer:
            if answer.status in (301, 302, 303, 307, 308):
                return _Answer(answer.status, answer.headers.get("Location"), None)
            if answer.status != 200:
                return _Answer(answer.status, None, None)
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if not _TYPES.fullmatch(kind):
                raise SendError("what came with the text is nothing that can be shown", Fault.PERMANENT)
            return _Answer(200, None, Content(await _whole(answer), kind))
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError, ValueError) as error:
        raise SendError(f"the picture could not be fetched ({type(error).__name__})", Fault.UNKNOWN) from None


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        body += chunk
        if len(body) > LARGEST:
            raise SendError(f"what came with the text has more than {LARGEST} bytes", Fault.PERMANENT)
    return bytes(body)


def _next(http: TwilioHttp, asked: str, location: str) -> str:
    """Where Twilio keeps it; nowhere else is gone to."""
    with suppress(ValueError):  # then it is nowhere
        url = urljoin(asked, location)
        parts = urlsplit(url)
        is_store = parts.scheme == "https" and (parts.hostname or "").endswith(_STORES)
        if is_store or http.is_where(url):
            return url
    raise SendError("the picture is kept somewhere else than at Twilio", Fault.PERMANENT)


def _refused(status: int) -> SendError:
    if status in (404, 410):
        return SendError("the picture is not there any more", Fault.PERMANENT)
    kind, meaning = refusal(status, None)
    return SendError(meaning, kind)
