"""One leg on a PBX, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from textback.events import NoAnswer


#: how the names of channels begin that connect the PBX with itself
_HALVES = ("Local/", "loopback/")


@dataclass(slots=True)
class Seat:
    """A place in a queue, taken at ``since``; ``position``: where it was then, 1 is next.

    ``ticket``: what the PBX calls this one stay in the queue, where it does.
    """

    queue: str
    since: float
    position: int | None = None
    ticket: str | None = None


@dataclass(slots=True)
class Channel:
    """One leg on the PBX."""

    uniqueid: str
    name: str
    bridge: str | None = None
    seat: Seat | None = None
    parked_since: float | None = None
    #: this channel has put whoever it talks with on hold, since
    holding_since: float | None = None
    #: music plays to this channel, since
    music_since: float | None = None
    #: the line is answered, as far as was seen when the queue was joined
    is_up: bool = False
    #: legs that ring for this channel, outside any queue
    legs: set[str] = field(default_factory=set)
    #: the channel that this one rings for
    rings_for: str | None = None
    #: legs that ring at agents' phones for this channel, which waits in a queue
    agents: set[str] = field(default_factory=set)
    #: the channel that this one rings for at an agent's phone
    agent_for: str | None = None
    #: we move this channel out of its queue into a prompt of ours, where the dialplan reads the keys
    moved: bool = False
    #: the queue that this channel has left, and when, if nothing else was seen of it since
    left: Seat | None = None
    #: the same, if it was left for a prompt of ours
    prompt: Seat | None = None
    hangup_requested: bool = False
    #: the other end, where the PBX has told which channel that is
    twin: str | None = None
    #: the number that this leg goes out to, if it leaves over a trunk
    dialled: str | None = None
    queue_tried: str | None = None
    #: of one half of a connection inside, with which no caller is connected yet: a voicemail box has it, and what
    #: became of what was tried for it
    in_voicemail: bool = False
    came_to: tuple[NoAnswer, str | None] | None = None
    #: it was called, and has not answered yet: whoever is bridged with it hears its early media
    is_early: bool = False

    def is_elsewhere(self) -> None:
        """Something else was seen of this channel than that it has left its queue."""
        self.left = self.prompt = None
        self.moved = False
        self.in_voicemail, self.came_to = False, None

    @property
    def is_half(self) -> bool:
        """Whether this is one end of a connection inside the PBX: whoever is at the other end is meant."""
        return self.twin is not None or self.name.startswith(_HALVES)

    @property
    def device(self) -> str:
        """``PJSIP/ext201-0000000a`` -> ``ext201``: who that is, in a word."""
        peer = self.name.rpartition("-")[0] or self.name
        return peer.partition("/")[2] or peer


@dataclass(slots=True)
class Whisper:
    """A channel that plays a prompt to somebody who waits; when it came and when it went."""

    uniqueid: str
    is_asked_for: bool = False
    came_at: float | None = None
    gone_at: float | None = None
