"""What the outbox asks of a texting provider, and the one error by which a provider says no."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from textback.model import Status


class Fault(StrEnum):
    """What a failed send means for the message, the number and the line."""

    PERMANENT = "permanent"
    LANDLINE = "landline"
    OPTED_OUT = "opted_out"
    POLICY = "policy"
    OURS = "ours"
    NOT_PROCESSED = "not_processed"
    UNKNOWN = "unknown"


class SendError(Exception):
    """A text that was not accepted; only ``not_processed`` and ``ours`` may be sent again.

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


class Provider(Protocol):
    """A way to send texts; a new one is one new file."""

    @property
    def name(self) -> str:
        """The word that configuration and database use."""
        ...

    async def send(self, message: Outgoing) -> Accepted:
        """Hand the text over once, within a bounded time; raises SendError."""
        ...

    async def find(self, message: Outgoing, since: float) -> Accepted | None:
        """Look whether the text was taken at or after ``since`` (epoch seconds); raises SendError if it cannot tell."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
