"""What can happen to a call: a handful of frozen facts, the same from every kind of PBX.

Every fact has ``call_id`` (``PBXNAME/UNIQUEID`` of the caller's own channel) and ``at`` (seconds since
the epoch, UTC). The adapters in ``pbx/`` make them; ``call.py`` is the only reader that matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where a caller waits for a person."""

    QUEUE = "queue"
    PARK = "park"
    AGENT_HOLD = "agent_hold"
    OFFER = "offer"


class NoAnswer(StrEnum):
    """Why nobody answered, in the words of a phone switch."""

    RANG_OUT = "rang_out"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    QUEUE_TIMEOUT = "queue_timeout"
    QUEUE_FULL = "queue_full"
    QUEUE_EMPTY = "queue_empty"
    WITHDRAWN = "withdrawn"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to one call at one time."""

    call_id: str
    at: float


@dataclass(frozen=True, slots=True)
class CallerArrived(Fact):
    """A caller came in over a trunk; ``recorded``: nobody saw it, the PBX's own records tell it.

    ``hearsay``: nobody saw it, the dialplan asks a hook about it while the link is down.
    """

    pbx: str
    linkedid: str
    number: str | None
    name: str | None = None
    did: str | None = None
    language: str | None = None
    withheld: bool = False
    tampered: bool = False
    recorded: bool = False
    hearsay: bool = False


@dataclass(frozen=True, slots=True)
class CallerKnown(Fact):
    """The PBX told more about the caller than at the arrival (a later caller ID, a hidden one).

    ``told``: no event shows it, a hook's request does.
    """

    number: str | None
    withheld: bool = False
    tampered: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True)
class LanguageKnown(Fact):
    """The caller's channel has another language than before (chosen in a menu, say); None: the PBX's own."""

    language: str | None


@dataclass(frozen=True, slots=True)
class HoldStarted(Fact):
    """The caller waits for a person since ``since`` (earlier than ``at`` when a seat was taken over)."""

    place: Place
    since: float
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class HoldEnded(Fact):
    """The wait is over and nothing else has begun yet (left the queue, was taken from the lot)."""


@dataclass(frozen=True, slots=True)
class Ringing(Fact):
    """An extension or a group rings for the caller, outside any queue."""


@dataclass(frozen=True, slots=True)
class Talking(Fact):
    """The caller is bridged with a person."""

    agent: str | None = None


@dataclass(frozen=True, slots=True)
class NobodyAnswered(Fact):
    """What was tried for the caller came to nothing, and the caller is still on the line.

    ``told``: no event shows it, the dialplan or call-centre software says so.
    """

    why: NoAnswer
    queue: str | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class VoicemailTook(Fact):
    """A voicemail box took the call."""


@dataclass(frozen=True, slots=True)
class Handled(Fact):
    """The dialplan served the caller otherwise (a callback was booked, say): no text is due."""


@dataclass(frozen=True, slots=True)
class DialplanSaid(Fact):
    """What the dialplan says about the call, which no event tells: its practice, its queue, the caller's language."""

    practice: str | None = None
    queue: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class TextRequested(Fact):
    """The dialplan asks for a text for the caller, to ``number`` if that is not their own (they keyed it in)."""

    number: str | None = None


@dataclass(frozen=True, slots=True)
class KeyPressed(Fact):
    """The caller pressed a key (whether it means anything is for ``call.py`` to say)."""

    key: str


@dataclass(frozen=True, slots=True)
class CallerLeft(Fact):
    """The caller's own leg ended; ``hung_up``: by the caller's side; ``recorded``: by the PBX's records, unseen."""

    hung_up: bool = True
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class CallLost(Fact):
    """The call is gone and its end was not seen."""


@dataclass(frozen=True, slots=True)
class StateUnknown(Fact):
    """The caller is on the line, but what happened to them while nobody looked is not known."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed(Fact):
    """The time that the call asked for in ``Call.deadline`` has come (fed by the tracker)."""


@dataclass(frozen=True, slots=True)
class TextGiven(Fact):
    """The text that the caller asked for was granted (fed by the tracker)."""


@dataclass(frozen=True, slots=True)
class TextRefused(Fact):
    """The text that the caller asked for was refused (fed by the tracker)."""

    reason: str


@dataclass(frozen=True, slots=True)
class StaffReached(Fact):
    """Staff called a number and somebody answered: no call of ours, but a fact about a caller."""

    number: str


@dataclass(frozen=True, slots=True)
class LinkSynced(Fact):
    """The link to a PBX is up and knows who is on the line; ``call_id`` is empty."""

    pbx: str


@dataclass(frozen=True, slots=True)
class PbxLeft(Fact):
    """This daemon does not follow a PBX any more, as its configuration does not name it; ``call_id`` is empty."""

    pbx: str


@dataclass(frozen=True, slots=True)
class LinkLost(Fact):
    """The link to a PBX is down: until it is synced again, nobody knows who came back; ``call_id`` is empty."""

    pbx: str


def pbx_of(fact: Fact) -> str:
    """The PBX that a fact is of."""
    return fact.pbx if isinstance(fact, (LinkLost, LinkSynced, PbxLeft)) else fact.call_id.partition("/")[0]
