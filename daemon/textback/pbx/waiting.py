"""A caller who waits in a queue, as far as an order is for them."""

from __future__ import annotations

from dataclasses import dataclass

from textback.pbx.callers import Callers
from textback.pbx.channel import Channel, Seat


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who sat on ``seat`` when the order came: somebody who has left it, and is back, is not meant any more."""

    callers: Callers
    channel: Channel
    seat: Seat

    @classmethod
    def at(cls, callers: Callers, uniqueid: str) -> Waiting | None:
        """The caller on that channel, if they wait in a queue."""
        channel = callers.picture.get(uniqueid)
        if channel is None or channel.seat is None or uniqueid not in callers.callers:
            return None
        return cls(callers, channel, channel.seat)

    @property
    def uniqueid(self) -> str:
        return self.channel.uniqueid

    @property
    def is_here(self) -> bool:
        """Whether the caller is on the line."""
        return self.callers.picture.get(self.uniqueid) is self.channel and not self.channel.hangup_requested

    def waits(self) -> bool:
        """Whether the caller waits as they did when the order came."""
        return self.is_here and self.channel.seat is self.seat

    def rings(self) -> bool:
        """Whether an agent's phone rings for the caller."""
        return bool(self.channel.agents)

    def hears(self) -> bool:
        """Whether sound gets to the caller: on a line that is not answered, Asterisk sends it only with music."""
        return self.channel.is_up or self.channel.music_since is not None
