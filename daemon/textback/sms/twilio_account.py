"""What Twilio tells of an account and of its numbers; it is only asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twilio.rest import Client

from textback.clock import Clock, system_clock
from textback.sms.twilio import ENVIRONMENT
from textback.sms.twilio_errors import failed
from textback.sms.twilio_http import TwilioHttp


@dataclass(frozen=True, slots=True)
class Account:
    """``status``: active, suspended or closed; ``offset``: by how many seconds Twilio's clock is ahead of ours.

    https://www.twilio.com/docs/iam/api/account
    """

    status: str
    is_trial: bool
    offset: float


@dataclass(frozen=True, slots=True)
class OwnedNumber:
    """A number of the account, and to where Twilio posts what comes for it.

    ``application``: a TwiML app or a SIP trunk stands before the URLs, which do not count then.
    https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
    """

    number: str
    sms_url: str
    sms_method: str
    voice_url: str
    texts: bool
    application: bool


class TwilioAccount:
    """One account, asked with its own credentials; ``timeout`` in seconds, for each question."""

    def __init__(
        self, account_sid: str, auth_token: str, api_base: str | None, timeout: float, clock: Clock = system_clock
    ) -> None:
        self._http = TwilioHttp(api_base, timeout, timeout, clock)
        self._client = Client(account_sid, auth_token, http_client=self._http, environment=ENVIRONMENT)
        self._sid = account_sid

    async def fetch(self) -> Account:
        """The account itself; raises SendError, ``ours`` where the credentials are refused."""
        try:
            record = await self._client.api.accounts(self._sid).fetch_async()
        except Exception as error:
            raise failed(error, "the account's look-up") from None
        return Account(str(record.status), str(record.type).lower() == "trial", self._http.offset)

    async def number(self, number: str) -> OwnedNumber | None:
        """That number (E.164), if the account has it; raises SendError."""
        try:
            page = await self._client.incoming_phone_numbers.page_async(phone_number=number, page_size=20)
            records = list(page)
        except Exception as error:
            raise failed(error, "the look-up of the account's numbers") from None
        return next((_owned(record) for record in records if record.phone_number == number), None)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()


def _owned(record: Any) -> OwnedNumber:
    can = record.capabilities if isinstance(record.capabilities, Mapping) else {}
    return OwnedNumber(
        number=record.phone_number,
        sms_url=record.sms_url or "",
        sms_method=record.sms_method or "POST",
        voice_url=record.voice_url or "",
        texts=bool(can.get("sms", can.get("SMS", True))),
        application=bool(record.sms_application_sid),
    )
