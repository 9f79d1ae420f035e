"""A house with a PBX: its desks, the world outside, and an observer's view of what happens on the PBX."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .ami import Ami, Message
from .asterisk import PHONE_IP, TRUNK_IP, Asterisk
from .phones import Leg, Phones

_WATCHED = "system,call,agent,security"


@dataclass
class House:
    """The PBX, `desks` 301... inside, everybody else `outside` behind the trunk."""

    asterisk: Asterisk
    ami: Ami
    desks: Phones
    outside: Phones

    def waiting(self, number: str, dialled: str) -> Leg:
        """Somebody calls from outside, and waits in a queue now."""
        leg = self.outside.call(number, dialled)
        self.joined(number)
        return leg

    def joined(self, number: str, queue: str | None = None) -> Message:
        """The event that tells that somebody with this number has joined a queue."""
        named = {} if queue is None else {"Queue": queue}
        return self.ami.wait_event("QueueCallerJoin", CallerIDNum=number, **named)

    def talking(self, number: str, dialled: str, desk: str) -> tuple[Leg, Leg]:
        """Somebody calls from outside, and that desk answers: the two ends of the call."""
        caller = self.outside.call(number, dialled)
        agent = self.desks.rings(desk).answer()
        caller.wait("up")
        self.bridged(number)
        return caller, agent

    def arrival(self, number: str) -> Message:
        """The first event of a caller from outside."""
        return self.ami.wait_event("Newchannel", CallerIDNum=number, ChannelStateDesc="Ring", Context="from-trunk")

    def bridged(self, number: str) -> Message:
        """The event that tells that a caller is connected with somebody."""
        return self.ami.wait_event("BridgeEnter", Uniqueid=self.arrival(number)["Uniqueid"])

    def gone(self, number: str) -> Message:
        """The event that tells that a caller's own leg is no more."""
        return self.ami.wait_event("Hangup", Uniqueid=self.arrival(number)["Uniqueid"])

    def held_for(self, number: str) -> float:
        """Seconds from joining a queue to the end of the call, as an observer beside the daemon measures them."""
        joined, gone = self.joined(number), self.gone(number)
        return self.ami.heard_at(gone) - self.ami.heard_at(joined)


@contextmanager
def house_of(asterisk: Asterisk) -> Iterator[House]:
    """The house while a test needs it."""
    with (
        asterisk.connect(events=_WATCHED) as ami,
        Phones(asterisk.sip_port, PHONE_IP, asterisk.desk_port) as desks,
        Phones(asterisk.sip_port, TRUNK_IP, asterisk.trunk_port) as outside,
    ):
        yield House(asterisk, ami, desks, outside)
