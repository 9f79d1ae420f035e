"""From Asterisk's events to facts: the picture changes, and each caller whose situation changed gets a fact.

What misleads (``QueueCallerAbandon`` at a time-out, ``Newstate Up`` of a menu, the legs of a ring group, consult
calls) never decides anything here: what is true for the caller follows from bridges and seats alone.
Only what no bridge shows is taken from a variable or an application: ``QUEUESTATUS``, ``DIALSTATUS``, voicemail.
"""

from __future__ import annotations

from collections.abc import Callable

from textback.events import CallerKnown, Fact
from textback.pbx import ami_dialling, ami_places
from textback.pbx.ami_callers import AmiCallers, is_hidden
from textback.pbx.channel import Channel
from textback.pbx.wire import Headers


class Translator(AmiCallers):
    """Keeps the picture of one Asterisk and tells facts about its callers."""

    def take(self, event: Headers, at: float, tampered: bool = False) -> list[Fact]:
        """The facts that follow from one checked event that came at ``at``; ``tampered``: its number was forged."""
        handle = _HANDLERS.get(event["Event"])
        if handle is None:
            return []
        if self.syncing:
            about = (event.get(name) for name in ("Uniqueid", "DestUniqueid", "ParkeeUniqueid"))
            self.seen.update((event["Event"], uniqueid) for uniqueid in about if uniqueid)
        if tampered:  # before, since it may be the end of the call, and after, since it may be its beginning
            self.distrust(event.get("Uniqueid", ""), at)
            handle(self, event, at)
            self.distrust(event.get("Uniqueid", ""), at)
        else:
            self.hear_language(event.get("Uniqueid", ""), event.get("Language"), at)
            handle(self, event, at)
        self.locate(event)
        return self.taken()

    def adopt(self, channel: Channel, event: Headers, started: float, did: str) -> list[Fact]:
        """The arrival of a caller who was on the line already when the link came up."""
        self.arrive(channel, event, started, did)
        return self.taken()


def _newchannel(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.add(event["Uniqueid"], event["Channel"])
    if whisper := callers.whispers.get(channel.uniqueid):
        whisper.came_at = at
    callers.stir(channel.uniqueid)
    inbound = event["ChannelState"] == "4" and event["Uniqueid"] == event["Linkedid"]
    if inbound and callers.is_trunk(channel.name) and callers.arrives_in(event["Context"]):
        callers.arrive(channel, event, at, event.get("Exten"))


def _newcallerid(callers: AmiCallers, event: Headers, at: float) -> None:
    if event["Uniqueid"] in callers.callers and is_hidden(event.get("CID-CallingPres", "")):
        callers.facts.append(CallerKnown(callers.call_id(event["Uniqueid"]), at, None, withheld=True))


def _hangup_request(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.get(event["Uniqueid"])
    if channel:
        ami_places.find_in_prompt(callers, channel, event, at)
        channel.hangup_requested = True


def _hangup(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.get(event["Uniqueid"]) or callers.missed_caller(event, at)
    if channel is None:
        return
    ami_places.find_in_prompt(callers, channel, event, at)
    callers.rings_no_more(channel, None, at)
    around = callers.picture.connected(channel)
    callers.leave(channel, at, channel.hangup_requested)
    callers.picture.remove(channel)
    if whisper := callers.whispers.get(channel.uniqueid):
        whisper.gone_at = at
    callers.stir(channel.uniqueid)
    callers.tell(around, at)


_HANDLERS: dict[str, Callable[[AmiCallers, Headers, float], None]] = {
    "Newchannel": _newchannel,
    "NewCallerid": _newcallerid,
    "HangupRequest": _hangup_request,
    "Hangup": _hangup,
    **ami_places.HANDLERS,
    **ami_dialling.HANDLERS,
}
#: the events that mean something here; everything else is dropped at its name
WANTED = frozenset(name.encode() for name in _HANDLERS)
