"""What is asked of a texting provider, what it tells, and the one error by which it says no."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from textback.model import LineType, Status


class Fault(StrEnum):
    """What a failed send means for the message, the number and the line.

    ``ours`` is the account's fault and stops every line; ``sender`` is that of one line, and stops that one.
    """

    PERMANENT = "permanent"
    LANDLINE = "landline"
    OPTED_OUT = "opted_out"
    POLICY = "policy"
    OURS = "ours"
    SENDER = "sender"
    NOT_PROCESSED = "not_processed"
    UNKNOWN = "unknown"


class SendError(Exception):
    """A text that was not accepted; only ``not_processed``, ``ours`` and ``sender`` may be sent again.

    ``retry_after`` is in seconds from now, as the provider asked (RFC 9110, 10.2.3). The message never
    holds a number or a body.
    """

    def __init__(self, message: str, kind: Fault, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text on its way out; ``id`` is ours, the numbers are E.164."""

    id: str
    to: str
    sender: str
    body: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has the text: its id there, how far it got, and the segments it counted."""

    provider_id: str
    status: Status
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A picture that came with a text: where the provider keeps it, and its type (RFC 6838)."""

    url: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a picture is made of, and its type, in small letters and without parameters (RFC 6838)."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that came in; ``line`` is ours, ``sender`` whatever the provider calls the other end.

    ``at``: when it came, in epoch seconds of our clock, where the provider tells; else it came just now.
    ``answered``: the provider has answered it itself (an opt-out word, say). ``asks``: what it takes the text for,
    where the words are its own: ``stop``, ``start`` or ``help``.
    """

    provider_id: str
    sender: str
    line: str
    body: str
    at: float | None = None
    media: tuple[Media, ...] = ()
    answered: bool = False
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the provider tells of a text that it has: how far it got, and the fault that ended it.

    ``message_id`` is our own id, where the provider gives it back to us.
    """

    provider_id: str
    status: Status
    message_id: str | None = None
    error: SendError | None = None


class Provider(Protocol):
    """A way to send texts; a new one is one new file."""

    @property
    def name(self) -> str:
        """The word that configuration and database use."""
        ...

    async def send(self, message: Outgoing) -> Accepted:
        """Hand the text over once, within a bounded time; raises SendError."""
        ...

    async def find(
        self, message: Outgoing, since: float, others: Collection[str], until: float | None = None
    ) -> Accepted | None:
        """Look whether the text was taken at or after ``since`` (epoch seconds); raises SendError if it cannot tell.

        ``until``: what was taken from then on is another text; None if there is no other, or nobody knows.
        ``others``: the provider's ids of texts that are known to be others, which may say the same.
        """
        ...

    async def received(self, line: str, since: float) -> list[Inbound]:
        """The texts that came in for a line at or after ``since`` (epoch seconds), oldest first; raises SendError."""
        ...

    async def deliveries(self, line: str, since: float) -> list[Delivery]:
        """What became of the texts that left a line at or after ``since``; raises SendError."""
        ...

    async def line_type(self, number: str) -> LineType | None:
        """What a number (E.164) is connected to; None where nobody can tell; raises SendError."""
        ...

    async def fetch(self, url: str) -> Content:
        """What is at the URL of a ``Media``, within a bounded time and size; raises SendError."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
