"""Tells staff by e-mail, over SMTP: one connection and one recipient each."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime
from datetime import datetime, timezone
from typing import Literal

import aiosmtplib

from textback.notices.errand import Errand, Untold
from textback.notices.wording import plain, subject_and_body
from textback.store.notices import Channel

_PERMANENT = 500
_LONGEST_REPLY = 160  # characters
_HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
#: Headers in ASCII and lines of bounded length, whatever a name has in it.
_POLICY = LINES.clone(cte_type="7bit")


@dataclass(frozen=True)
class MailServer:
    """Who takes our e-mail; ``timeout``: seconds that all of one may take."""

    host: str
    port: int
    sender: str
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = None
    timeout: float = 60.0

    @property
    def client(self) -> aiosmtplib.SMTP:
        """A connection to be: encrypted as it says or not at all, never as the server likes."""
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            local_hostname=_our_name(),
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            tls_context=self.context if self.tls != "none" else None,
            timeout=self.timeout,
        )


class Mail:
    """The carrier of e-mail; all practices share the server."""

    channel = Channel.EMAIL
    at_once = 1

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def place(self, practice: str) -> str:
        """The server is everybody's."""
        return ""

    async def carry(self, errand: Errand) -> None:
        """Hand it to the server. A recipient whom that refuses for good is given up, the rest is tried again."""
        letter = letter_of(errand, self._server.sender).as_bytes()
        try:
            async with asyncio.timeout(self._server.timeout):
                await self._hand_over(errand.target, letter)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _of_this_one(refused.recipients[0], "refuses the recipient") from None
        except aiosmtplib.SMTPDataError as error:
            raise _of_this_one(error, "refuses the e-mail") from None
        except (aiosmtplib.SMTPException, OSError, ssl.CertificateError) as error:
            raise Untold(f"the mail server {self._server.host}: {described(error)}") from None

    async def _hand_over(self, to: str, letter: bytes) -> None:
        client = self._server.client
        try:
            await client.connect()
            await client.sendmail(self._server.sender, [to], letter)
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()  # it has the e-mail, whatever it says to this
        finally:
            client.close()

    async def look(self) -> None:
        """Connect, and sign in; raises ``Untold``. Nothing is sent."""
        client = self._server.client
        try:
            async with asyncio.timeout(self._server.timeout):
                await client.connect()
        except (aiosmtplib.SMTPException, OSError, ssl.CertificateError) as error:
            raise Untold(described(error)) from None
        finally:
            client.close()


def letter_of(errand: Errand, sender: str) -> EmailMessage:
    """The e-mail; its Message-ID is the same each time that it is tried."""
    subject, body = subject_and_body(errand)
    letter = EmailMessage(policy=_POLICY)
    letter["From"] = Address("textback", addr_spec=sender)
    letter["To"] = Address(addr_spec=errand.target)
    letter["Subject"] = subject
    letter["Date"] = format_datetime(datetime.fromtimestamp(errand.at, timezone.utc))
    letter["Message-ID"] = f"<{errand.id}@{sender.rpartition('@')[2]}>"
    # Nobody's absence is to answer it: RFC 3834, 5, and what Exchange has instead.
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    letter.set_content(body)
    return letter


def described(error: Exception) -> str:
    """Why it did not work, on one line: the server's own words, or the kind of fault."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _reply(error)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return plain(str(error) or type(error).__name__)[:_LONGEST_REPLY]


def _of_this_one(error: aiosmtplib.SMTPResponseException, what: str) -> Untold:
    return Untold(f"the mail server {what}: {_reply(error)}", for_good=error.code >= _PERMANENT, of_place=False)


def _reply(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {plain(str(error.message))}"[:_LONGEST_REPLY]


def _our_name() -> str:
    """What we greet with; asking for more than the machine knows itself would wait for a name server."""
    name = socket.gethostname()
    return name if _HOST_NAME.fullmatch(name) else "[127.0.0.1]"
