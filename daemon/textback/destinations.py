"""Where staff are told something: e-mail addresses and webhooks, which nobody can slip a header or a password into."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, Strict

from textback.mistakes import Expected

#: RFC 5321, 4.1.2: a dot-string and a domain; no quotes, no address in brackets, nothing beyond ASCII
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=.{{1,64}}@)(?=.{{3,254}}\Z){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_HTTP = re.compile(r"https?://[!-~]+")


def _email_address(value: str) -> str:
    """One address, and nothing besides: headers and lines of a protocol are made of it."""
    if not _EMAIL.fullmatch(value):
        raise Expected('an e-mail address such as "front@clinic.example"')
    return value


def _webhook_address(value: str) -> str:
    """Where something is posted to; a password in it would stand in every file that the practice is written to."""
    try:
        parts = urlsplit(value)
        is_right = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc and not parts.fragment
    except ValueError:
        is_right = False
    if not (is_right and _HTTP.fullmatch(value)):
        raise Expected('an address such as "https://example.org/replies", without a name or password in it')
    return value


EmailAddress = Annotated[str, Strict(), AfterValidator(_email_address)]
WebhookAddress = Annotated[str, Strict(), Field(max_length=1000), AfterValidator(_webhook_address)]
