"""What was last seen of the callers on a PBX, and what a resync finds after a time when nobody looked."""

from __future__ import annotations

from dataclasses import dataclass

from textback.events import Fact
from textback.pbx.callers import Callers, Position
from textback.pbx.picture import Situation


@dataclass(frozen=True, slots=True)
class LastSeen:
    """A caller who was on the line: the channel, what was true then, and where in the dialplan; None: not known.

    ``leaving``: the caller's side had hung up already, so that nothing more could happen to them.
    """

    channel: str = ""
    situation: Situation | None = None
    position: Position | None = None
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Resynced:
    """What changed meanwhile, and the ids (as the PBX has them) of the callers who are gone."""

    facts: list[Fact]
    gone: list[str]


def last_seen(callers: Callers) -> dict[str, LastSeen]:
    """The callers who are on the line, as a resync wants to know them."""
    channels = callers.picture.channels
    return {
        uniqueid: LastSeen(channel.name, situation, callers.position(uniqueid), channel.hangup_requested)
        for uniqueid, situation in callers.callers.items()
        if (channel := channels.get(uniqueid))
    }
