"""Twilio: texts through the official SDK, over our own HTTP client."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from twilio.base import values
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from textback.clock import Clock, system_clock
from textback.model import LineType
from textback.sms import Accepted, Content, Delivery, Fault, Inbound, Media, Outgoing, SendError
from textback.sms import twilio_media
from textback.sms import twilio_records as records
from textback.sms.twilio_errors import failed, is_about_nothing, refused
from textback.sms.twilio_http import TwilioHttp
from textback.sms.twilio_list import PAGE, ListReader
from textback.sms.twilio_records import SKEW

T = TypeVar("T")

#: How much earlier, in seconds, a text may have been made by a clock that was not seen yet.
DAY = 86_400.0

#: Texts whose pictures are remembered, so that a list that is read again and again does not ask for them each time.
REMEMBERED = 1000

#: The environment must not move us to another edge or region; the SDK takes an empty one for none at all.
ENVIRONMENT = {"TWILIO_EDGE": "", "TWILIO_REGION": ""}

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


class Twilio:
    """One account; ``timeout`` bounds a whole request and ``connect`` its connection, in seconds.

    ``status_callback`` is the public URL to which Twilio posts what became of a text; our own id goes along in it.
    ``answers_stop``: Twilio itself answers the opt-out words of its own list.
    """

    name = "twilio"

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        api_base: str | None = None,
        timeout: float = 15.0,
        connect: float = 5.0,
        status_callback: str | None = None,
        answers_stop: bool = True,
        clock: Clock = system_clock,
    ) -> None:
        if api_base is not None and not _is_http(api_base):
            raise ValueError("api_base is not an http(s) URL")
        self._account, self._token = account_sid, auth_token
        self._http = TwilioHttp(api_base, timeout, connect, clock)
        self._client = Client(account_sid, auth_token, http_client=self._http, environment=ENVIRONMENT)
        self._callback = status_callback
        self._answers_stop = answers_stop
        self._lists = ListReader()
        self._media: dict[str, tuple[Media, ...]] = {}

    async def send(self, message: Outgoing) -> Accepted:
        """POST the text to Messages.json, exactly once; raises SendError."""
        try:
            record = await self._client.messages.create_async(
                to=message.to, from_=message.sender, body=message.body, status_callback=self._callback_for(message)
            )
            return records.accepted(record)
        except SendError:
            raise
        except TwilioException as error:
            raise refused(error) from None
        except Exception as error:  # a 201 that cannot be read: the text may well be on its way
            raise SendError(f"unreadable answer ({type(error).__name__})", Fault.UNKNOWN) from None

    async def find(
        self, message: Outgoing, since: float, others: Collection[str], until: float | None = None
    ) -> Accepted | None:
        """The text at Twilio that may be this one; raises SendError if it cannot tell.

        One page is enough, as the newest come first: no person gets as many texts from us in a day.
        """
        pair = {"to": message.to, "from_": message.sender, "page_size": PAGE}
        try:
            # A text in Twilio's queue has no date yet on which it was sent: it may be missing among those with one.
            for dates in ({"date_sent_after": _utc(since - DAY)}, {}):
                page = await self._client.messages.page_async(**pair, **dates)
                offset = self._http.offset  # as that answer has shown it
                latest = None if until is None else until + offset
                found = records.likeliest(page, message, others, since + offset, latest)
                if found is not None:
                    return found
            return None
        except Exception as error:
            raise failed(error, "the look-up") from None

    async def received(self, line: str, since: float) -> list[Inbound]:
        """Texts to the line, from the list of messages, oldest first; raises SendError."""
        try:
            found = await self._since(since, lambda r: r if records.is_inbound(r, line) else None, to=line)
            texts = [await self._inbound(record) for record in found]
        except Exception as error:
            raise failed(error, "the list of replies") from None
        came = [(since if text.at is None else text.at, text) for text in texts]
        came.reverse()  # the newest came first, also of those of one second
        return [text for at, text in sorted(came, key=lambda pair: pair[0]) if at >= since]

    async def deliveries(self, line: str, since: float) -> list[Delivery]:
        """What became of the texts from the line, from the list of messages; raises SendError."""
        try:
            return await self._since(since, lambda record: records.delivery(record, line), from_=line)
        except Exception as error:
            raise failed(error, "the list of sent texts") from None

    async def line_type(self, number: str) -> LineType | None:
        """What Lookup v2 knows about a number (E.164), which costs; raises SendError.

        https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence
        """
        if not _E164.fullmatch(number):
            return None
        try:
            numbers = self._client.lookups.v2.phone_numbers
            return records.line_type(await numbers(number).fetch_async(fields="line_type_intelligence"))
        except Exception as error:
            if is_about_nothing(error):  # a number that is none
                return None
            raise failed(error, "the number look-up") from None

    async def fetch(self, url: str) -> Content:
        """A picture that came with a text, of this account only; raises SendError."""
        return await twilio_media.fetch(self._http, self._account, self._token, url)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def _since(self, since: float, read: Callable[[Any], T | None], **which: str) -> list[T]:
        """What ``read`` makes of the messages with a date from ``since`` on (epoch seconds of our clock)."""
        page, offset = await self._page_since(since, which)
        if abs(self._http.offset - offset) > SKEW:
            # Only the answer told what the provider's clock shows: another time was asked for than was meant.
            page, _ = await self._page_since(since, which)
        return await self._lists.whole(page, read)

    async def _page_since(self, since: float, which: dict[str, str]) -> tuple[Any, float]:
        offset = self._http.offset
        after = _utc(since + offset - SKEW)
        return await self._client.messages.page_async(date_sent_after=after, page_size=PAGE, **which), offset

    async def _inbound(self, record: Any) -> Inbound:
        made = records.made_at(record)
        at = None if made is None else made - self._http.offset
        return records.inbound(record, at, await self._media_of(record), self._answers_stop)

    async def _media_of(self, record: Any) -> tuple[Media, ...]:
        count = records.pictures(record)
        if not count:
            return ()
        if record.sid not in self._media:
            if len(self._media) >= REMEMBERED:
                self._media.clear()
            self._media[record.sid] = await self._ask_for_media(record.sid, count)
        return self._media[record.sid]

    async def _ask_for_media(self, message_sid: str, count: int) -> tuple[Media, ...]:
        try:
            page = await self._client.messages(message_sid).media.page_async(page_size=count)
            return tuple(records.media(page, self._account, message_sid))
        except SendError:
            raise
        except Exception:  # pictures that were deleted, or cannot be read, must not keep the text from us for ever
            return ()

    def _callback_for(self, message: Outgoing) -> object:
        if self._callback is None:
            return values.unset
        return f"{self._callback}{'&' if '?' in self._callback else '?'}{urlencode({'message': message.id})}"


def _is_http(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, timezone.utc)
