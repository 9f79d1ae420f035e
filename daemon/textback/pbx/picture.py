"""What is true on a PBX now: channels, who is bridged with whom, who sits in which queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from textback.events import Place
from textback.pbx.channel import Channel


@dataclass(slots=True)
class Bridge:
    """Channels that hear each other, unless it is a parking lot or a waiting room."""

    holding: bool = False
    members: set[str] = field(default_factory=set)


class Situation(NamedTuple):
    """What is true for one caller: nothing (no field set), waiting, ringing or talking."""

    place: Place | None = None
    since: float | None = None
    queue: str | None = None
    ringing: bool = False
    talking: bool = False
    agent: str | None = None


NOTHING = Situation()


class Picture:
    """The channels and bridges of one PBX, and what follows from them for a caller."""

    def __init__(self, make: Callable[[str, str], Channel] = Channel) -> None:
        """``make``: a channel of an id and a name."""
        self.channels: dict[str, Channel] = {}
        self._make = make
        self._bridges: dict[str, Bridge] = {}
        self._halves: dict[str, str] = {}

    def add(self, uniqueid: str, name: str) -> Channel:
        """The channel of that id, made now if it is new."""
        channel = self.channels.get(uniqueid)
        if channel is None:
            channel = self.channels[uniqueid] = self._make(uniqueid, name)
            if channel.is_half:
                self._halves[name] = uniqueid
        return channel

    def get(self, uniqueid: str | None) -> Channel | None:
        return self.channels.get(uniqueid) if uniqueid else None

    def remove(self, channel: Channel) -> None:
        """The channel is gone, and with it its seat, its legs and its place in a bridge."""
        self.leave(channel)
        self.stop_ringing(channel)
        self.stop_calling(channel)
        for leg in [self.get(leg) for leg in channel.legs]:
            if leg:
                leg.rings_for = None
        self.call_off(channel)
        self.channels.pop(channel.uniqueid, None)
        self._halves.pop(channel.name, None)

    def enter(self, channel: Channel, bridge_id: str, holding: bool) -> None:
        self.leave(channel)
        bridge = self._bridges.setdefault(bridge_id, Bridge())
        bridge.holding = holding
        bridge.members.add(channel.uniqueid)
        channel.bridge = bridge_id
        channel.is_elsewhere()

    def leave(self, channel: Channel) -> None:
        bridge = self._bridges.get(channel.bridge or "")
        if bridge:
            bridge.members.discard(channel.uniqueid)
            if not bridge.members:
                del self._bridges[channel.bridge or ""]
        channel.bridge = None
        channel.holding_since = None

    def ring(self, caller: Channel, leg: Channel) -> None:
        self.stop_ringing(leg)
        caller.legs.add(leg.uniqueid)
        caller.is_elsewhere()
        leg.rings_for = caller.uniqueid

    def stop_ringing(self, leg: Channel) -> Channel | None:
        """``leg`` rings no more; returns whom it rang for."""
        caller = self.get(leg.rings_for)
        leg.rings_for = None
        if caller:
            caller.legs.discard(leg.uniqueid)
        return caller

    def call_agent(self, caller: Channel, leg: Channel) -> None:
        """``leg`` rings at an agent's phone for ``caller``, who waits in a queue."""
        self.stop_calling(leg)
        caller.agents.add(leg.uniqueid)
        leg.agent_for = caller.uniqueid

    def stop_calling(self, leg: Channel) -> Channel | None:
        """``leg`` rings no more at an agent's phone; returns whom it rang for."""
        caller = self.get(leg.agent_for)
        leg.agent_for = None
        if caller:
            caller.agents.discard(leg.uniqueid)
        return caller

    def call_off(self, caller: Channel, heir: Channel | None = None) -> None:
        """No agent's phone rings for ``caller`` any more, since they ring for ``heir`` or for nobody."""
        for leg in [self.get(leg) for leg in caller.agents]:
            if leg:
                self.stop_calling(leg)
                if heir:
                    self.call_agent(heir, leg)
        caller.agents.clear()

    def connected(self, channel: Channel) -> list[Channel]:
        """Everybody who hears or is heard by ``channel``: over bridges and the two halves of Local channels."""
        if channel.bridge is None and not channel.is_half:
            return [channel]
        found = {channel.uniqueid: channel}
        waiting = [channel]
        while waiting:
            for other in self._next_to(waiting.pop()):
                if other.uniqueid not in found:
                    found[other.uniqueid] = other
                    waiting.append(other)
        return list(found.values())

    def bridged(self, channel: Channel) -> list[Channel]:
        """Who is in one bridge with ``channel``, itself included."""
        bridge = self._bridges.get(channel.bridge or "")
        members = bridge.members if bridge and not bridge.holding else ()
        return [self.channels[uniqueid] for uniqueid in members if uniqueid in self.channels]

    def _next_to(self, channel: Channel) -> Iterator[Channel]:
        yield from self.bridged(channel)
        if channel.is_half:
            other = self.get(channel.twin or self._halves.get(_other_half(channel.name)))
            if other:
                yield other

    def situation(self, channel: Channel) -> Situation:
        """What is true for the caller on ``channel``."""
        around = self.connected(channel) if channel.bridge else [channel]
        for other in around:
            if other.parked_since is not None and (other is channel or other.is_half):
                return Situation(Place.PARK, other.parked_since)
        people = [other for other in around if other is not channel and not other.is_half and not other.is_early]
        if people:
            return _with_people(people)
        for other in around:
            if other.seat:
                return Situation(Place.QUEUE, other.seat.since, other.seat.queue)
        if channel.music_since is not None and channel.bridge:
            return Situation(Place.AGENT_HOLD, channel.music_since)
        if any(other.legs for other in around):
            return Situation(ringing=True)
        prompt = channel.prompt
        return Situation(Place.OFFER, prompt.since, prompt.queue) if prompt else NOTHING


def _with_people(people: list[Channel]) -> Situation:
    """Talking, unless everybody there has put the caller on hold."""
    heard = [person for person in people if person.holding_since is None]
    if heard:
        return Situation(talking=True, agent=min(person.dialled or person.device for person in heard))
    return Situation(Place.AGENT_HOLD, max(person.holding_since or 0.0 for person in people))


def _other_half(name: str) -> str:
    """``Local/201@queue-0001;1`` and ``…;2`` are the two ends of one channel."""
    return name[:-1] + ("2" if name.endswith("1") else "1")
