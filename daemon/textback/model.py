"""The words that the whole house shares: flows, dispositions, verdicts, states of a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Flow(StrEnum):
    """Which of the three texts."""

    CALL_TO_TEXT = "call_to_text"
    ABANDONED = "abandoned"
    MISSED = "missed"


class Disposition(StrEnum):
    """How a call ended, decided once, when the caller's own leg ends."""

    TEXTED = "texted"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    MISSED = "missed"
    UNREACHED = "unreached"
    LOST = "lost"


class Verdict(StrEnum):
    """What was decided for a call."""

    TEXT = "text"
    SKIP = "skip"
    HELD = "held"


class Direction(StrEnum):
    """Which way a message went."""

    OUT = "out"
    IN = "in"


class Status(StrEnum):
    """The life of a message; one that came in is ``received`` for ever."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    UNKNOWN = "unknown"
    HELD = "held"
    CANCELLED = "cancelled"
    RECEIVED = "received"


class Answer(StrEnum):
    """What an automatic answer to a text answers; other messages of ours are of a flow, or by a person."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    AFTER_HOURS = "after_hours"
    CLOSED = "closed"
    #: not an answer to anything but the question which of several people who share a number it is
    ASK = "ask"


class TileState(StrEnum):
    """Where a conversation stands in the inbox; one to which nobody has replied yet has no tile, and no state."""

    OPEN = "open"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class ContactKind(StrEnum):
    """What a contact is to the practice; patients have a section of the inbox of their own."""

    PATIENT = "patient"
    CONTACT = "contact"
    REFERRAL = "referral"


class Role(StrEnum):
    """What a user may do: read and answer; change what the practice wants, too; everything, in every practice."""

    STAFF = "staff"
    MANAGER = "manager"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works with the pages. ``practices``: whose calls and conversations they see; None: of all."""

    id: int
    name: str
    full_name: str
    role: Role
    practices: frozenset[str] | None
    #: whether the pages listen to the keyboard
    shortcuts: bool = True

    def sees(self, practice: str | None) -> bool:
        """Whether what belongs to a practice is theirs to see; what belongs to none is for those who see all."""
        return self.practices is None or practice in self.practices


class LineType(StrEnum):
    """What a number is connected to, as far as texting it goes."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    VOIP = "voip"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for a call, with the reason code and the sentence that staff read."""

    verdict: Verdict
    reason: str
    why: str
    flow: Flow | None = None
    body: str | None = None
    line: str | None = None
    #: seconds since the epoch; when the text may leave, if not at once
    due_at: float | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows about one number at the moment of a decision."""

    contact_first_name: str | None = None
    contact_language: str | None = None
    contact_verified: bool = False
    opted_out: bool = False
    last_automatic_text: float | None = None
    staff_wrote_at: float | None = None
    staff_reached_at: float | None = None
    landline: bool = False
    #: an automatic text to them is still to leave
    text_waits: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """The automatic texts of a practice: in the last day, in the last minute, and of these for each prefix."""

    day: int = 0
    minute: int = 0
    prefixes: Mapping[str, int] = field(default_factory=dict)

    def and_one_to(self, number: str) -> Spent:
        """The same with one more text."""
        prefix = prefix_of(number)
        prefixes = {**self.prefixes, prefix: self.prefixes.get(prefix, 0) + 1}
        return Spent(self.day + 1, self.minute + 1, prefixes)


def prefix_of(number: str) -> str:
    """All but the last four digits of an E.164 number: +12025550143 -> +1202555, its area and exchange."""
    return number[:-4]
