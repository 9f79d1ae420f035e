"""Twilio: texts through the official SDK, over our own HTTP client."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode, urlsplit

from twilio.base import values
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from textback.clock import Clock, system_clock
from textback.model import LineType, Status
from textback.sms import Accepted, Delivery, Fault, Inbound, Outgoing, SendError
from textback.sms.twilio_codes import STATUSES, refusal
from textback.sms.twilio_http import TwilioHttp

#: How far, in seconds, our clock and Twilio's may differ when a text is looked up.
SKEW = 60.0

#: The look-up reads one page, newest first: no person gets more texts from us in a minute.
PAGE = 50

#: What Twilio writes before every text of a trial account.
TRIAL = "Sent from your Twilio trial account - "

#: The environment must not move us to another edge or region; the SDK takes an empty one for none at all.
ENVIRONMENT = {"TWILIO_EDGE": "", "TWILIO_REGION": ""}


class Twilio:
    """One account; ``timeout`` bounds a whole request and ``connect`` its connection, in seconds.

    ``status_callback`` is the public URL to which Twilio posts what became of a text; our own id goes along in it.
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
        clock: Clock = system_clock,
    ) -> None:
        if api_base is not None and not _is_http(api_base):
            raise ValueError("api_base is not an http(s) URL")
        self._http = TwilioHttp(api_base, timeout, connect, clock)
        self._client = Client(account_sid, auth_token, http_client=self._http, environment=ENVIRONMENT)
        self._callback = status_callback

    async def send(self, message: Outgoing) -> Accepted:
        """POST the text to Messages.json, exactly once; raises SendError."""
        try:
            record = await self._client.messages.create_async(
                to=message.to, from_=message.sender, body=message.body, status_callback=self._callback_for(message)
            )
            return _accepted(record)
        except SendError:
            raise
        except TwilioException as error:
            raise _refused(error) from None
        except Exception as error:  # a 201 that cannot be read: the text may well be on its way
            raise SendError(f"unreadable answer ({type(error).__name__})", Fault.UNKNOWN) from None

    async def find(self, message: Outgoing, since: float) -> Accepted | None:
        """The newest text at Twilio that is this one, made since ``since``; raises SendError if it cannot tell."""
        earliest = since - SKEW
        try:
            page = await self._client.messages.page_async(
                to=message.to, from_=message.sender, date_sent_after=_utc(earliest), page_size=PAGE
            )
            return _newest(page, message, earliest)
        except SendError:
            raise
        except Exception as error:
            raise SendError(f"the look-up failed ({type(error).__name__})", Fault.UNKNOWN) from None

    async def received(self, line: str, since: float) -> list[Inbound]:
        """Texts to the line, from the list of messages."""
        raise NotImplementedError

    async def deliveries(self, line: str, since: float) -> list[Delivery]:
        """Texts from the line, from the list of messages."""
        raise NotImplementedError

    async def line_type(self, number: str) -> LineType | None:
        """Lookup v2, line_type_intelligence."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    def _callback_for(self, message: Outgoing) -> object:
        if self._callback is None:
            return values.unset
        return f"{self._callback}{'&' if '?' in self._callback else '?'}{urlencode({'message': message.id})}"


def _is_http(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, timezone.utc)


def _accepted(record: Any) -> Accepted:
    sid = record.sid
    if not isinstance(sid, str) or not 0 < len(sid) <= 64 or not sid.replace("-", "").isalnum():
        raise ValueError("no sid")
    return Accepted(sid, STATUSES.get(str(record.status), Status.SENT), _count(record.num_segments))


def _count(segments: object) -> int | None:
    # A messaging service counts 0 until it has chosen a sender.
    text = str(segments)
    return int(text) if text.isdecimal() and 0 < int(text) < 1000 else None


def _refused(error: TwilioException) -> SendError:
    status, code = getattr(error, "status", 0), getattr(error, "code", None)
    # Where the answer has no code, the SDK repeats the HTTP status there.
    kind, meaning = refusal(status, code if isinstance(code, int) and code >= 1000 else None)
    return SendError(meaning, kind)


def _newest(records: Iterable[Any], message: Outgoing, earliest: float) -> Accepted | None:
    # Every filter is checked again here: a service that ignores one must not pass off another's text as ours.
    same = [(made, r) for r in records if (made := _made(r)) >= earliest and _is_same(r, message)]
    return _accepted(max(same, key=lambda pair: pair[0])[1]) if same else None


def _made(record: Any) -> float:
    made = record.date_created or record.date_sent
    return made.timestamp() if isinstance(made, datetime) else float("-inf")


def _is_same(record: Any, message: Outgoing) -> bool:
    return (
        str(record.direction).startswith("outbound")
        and record.to == message.to
        and record.from_ == message.sender
        and _words(str(record.body).removeprefix(TRIAL)) == _words(message.body)
    )


def _words(text: str) -> list[str]:
    return text.split()
