"""What the provider's answer means for the row of a text."""

from __future__ import annotations

from textback.model import Status
from textback.sms import Accepted, Outgoing, SendError
from textback.store.claims import OutMessage, Settled


def outgoing(message: OutMessage) -> Outgoing:
    """The row as a provider wants it."""
    return Outgoing(message.id, message.to_number, message.from_number, message.body)


def accepted(answer: Accepted, provider: str, at: float) -> Settled:
    """The provider has it since ``at`` (epoch seconds), or has had it and failed."""
    good = answer.status in (Status.SENT, Status.DELIVERED)
    return Settled(
        status=answer.status,
        reason=None if good else f"{answer.status}: so says the provider",
        provider=provider,
        provider_id=answer.provider_id,
        segments=answer.segments,
        sent_at=at,
        delivered_at=at if answer.status is Status.DELIVERED else None,
    )


def refused(error: SendError, provider: str) -> Settled:
    """The provider will never take it."""
    return Settled(status=Status.FAILED, reason=_reason(error), provider=provider)


def put_back(error: SendError, due_at: float) -> Settled:
    """The provider certainly did not take it, and may do so at ``due_at`` (epoch seconds)."""
    return Settled(status=Status.QUEUED, reason=_reason(error), due_at=due_at)


def untouched(due_at: float) -> Settled:
    """It was claimed and never handed over; it may be claimed again at ``due_at`` (epoch seconds)."""
    return Settled(status=Status.QUEUED, due_at=due_at)


def unknown(why: str) -> Settled:
    """Nobody can tell; a person decides."""
    return Settled(status=Status.UNKNOWN, reason=f"unknown: {why}"[:255])


def _reason(error: SendError) -> str:
    return f"{error.kind}: {error}"[:255]
