"""Waiting queues: who waits since when, and what app_queue says about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from textback.demo.blocks import UNKNOWN, Headers
from textback.demo.channels import Channel, Phone
from textback.demo.switchboard import Switchboard


@dataclass(frozen=True, slots=True)
class Place:
    """One caller's place in a queue, ``since`` in epoch seconds."""

    channel: Channel
    since: float
    joined_at: int


@dataclass(slots=True)
class Queue:
    """A queue with its members."""

    name: str
    members: tuple[Phone, ...]
    waiting: list[Place] = field(default_factory=list)
    completed: int = 0
    abandoned: int = 0

    def position(self, place: Place) -> str:
        """Where in the row this caller stands; the first is 1."""
        return str(self.waiting.index(place) + 1)


class WaitingRoom:
    """The queues of a PBX, on one switchboard."""

    def __init__(self, board: Switchboard, queues: Iterable[Queue]) -> None:
        self.queues = {queue.name: queue for queue in queues}
        self._board = board

    def join(self, channel: Channel, queue: Queue) -> Place:
        """The caller enters the queue, at the end, and hears music."""
        place = Place(channel, self._board.clock(), len(queue.waiting) + 1)
        queue.waiting.append(place)
        where = [("Position", queue.position(place)), ("Count", str(len(queue.waiting)))]
        self._tell("QueueCallerJoin", place, queue, where)
        self._board.tell("MusicOnHoldStart", "call", channel.headers(), [("Class", "default")])
        return place

    def music_stops(self, place: Place) -> None:
        """The caller hears no more music."""
        self._board.tell("MusicOnHoldStop", "call", place.channel.headers())

    def abandon(self, place: Place, queue: Queue) -> None:
        """The caller goes without an answer (Asterisk says so on a timeout too)."""
        queue.abandoned += 1
        self._tell(
            "QueueCallerAbandon", place, queue,
            [
                ("Position", queue.position(place)),
                ("OriginalPosition", str(place.joined_at)),
                ("HoldTime", self._held(place)),
            ],
        )

    def leave(self, place: Place, queue: Queue) -> None:
        """The caller's place is free, for whatever reason."""
        position = queue.position(place)
        queue.waiting.remove(place)
        left = [("Position", position), ("Count", str(len(queue.waiting)))]
        self._tell("QueueCallerLeave", place, queue, left)

    def agent(
        self, name: str, place: Place, queue: Queue, leg: Channel, member: Phone, *rest: tuple[str, str]
    ) -> None:
        """``AgentCalled``, ``AgentConnect`` or ``AgentComplete``."""
        who = [("Queue", queue.name), ("Interface", member.device), ("MemberName", member.name)]
        self._board.tell(name, "agent", place.channel.headers(), leg.headers("Dest"), who, rest)

    def status(self, only: str | None) -> list[Headers]:
        """The items of ``QueueStatus``, of all queues or one."""
        queues = [queue for queue in self.queues.values() if only in (None, "", queue.name)]
        return [item for queue in queues for item in self._items(queue)]

    def _items(self, queue: Queue) -> list[Headers]:
        members = [self._member(queue, phone) for phone in queue.members]
        return [_params(queue), *members, *(self._entry(queue, place) for place in queue.waiting)]

    def _member(self, queue: Queue, phone: Phone) -> Headers:
        return [
            ("Event", "QueueMember"), ("Queue", queue.name), ("Name", phone.name), ("Location", phone.device),
            ("StateInterface", phone.device), ("Membership", "static"), ("Penalty", "0"), ("CallsTaken", "0"),
            ("LastCall", "0"), ("LastPause", "0"), ("LoginTime", "0"), ("InCall", "0"),
            ("Status", self._board.device_state(phone)), ("Paused", "0"), ("PausedReason", ""),
            ("Wrapuptime", "0"),
        ]

    def _entry(self, queue: Queue, place: Place) -> Headers:
        channel = place.channel
        return [
            ("Event", "QueueEntry"), ("Queue", queue.name), ("Position", queue.position(place)),
            ("Channel", channel.name), ("Uniqueid", channel.uniqueid), ("CallerIDNum", _bare(channel.number)),
            ("CallerIDName", _bare(channel.caller_name)), ("ConnectedLineNum", _bare(channel.connected[0])),
            ("ConnectedLineName", _bare(channel.connected[1])), ("Wait", self._held(place)),
            ("Priority", "0"),
        ]

    def _held(self, place: Place) -> str:
        # app_queue subtracts whole seconds: 4.5 s may read 4 or 5
        return str(int(self._board.clock()) - int(place.since))

    def _tell(self, name: str, place: Place, queue: Queue, rest: Headers) -> None:
        self._board.tell(name, "agent", place.channel.headers(), [("Queue", queue.name)], rest)


def _params(queue: Queue) -> Headers:
    return [
        ("Event", "QueueParams"), ("Queue", queue.name), ("Max", "0"), ("Strategy", "rrmemory"),
        ("Calls", str(len(queue.waiting))), ("Holdtime", "0"), ("TalkTime", "0"),
        ("Completed", str(queue.completed)), ("Abandoned", str(queue.abandoned)), ("ServiceLevel", "20"),
        ("ServicelevelPerf", "0.0"), ("ServicelevelPerf2", "0.0"), ("Weight", "0"),
    ]


def _bare(value: str) -> str:
    # QueueEntry says "unknown" where every other event says "<unknown>"
    return value.strip("<>") if value == UNKNOWN else value
