"""From FreeSWITCH's events to facts: the picture changes, and each caller whose situation changed gets a fact.

What misleads (``bridge-agent-start``, BREAK_OUT, ``CHANNEL_ANSWER`` of a menu, the legs of a ring group, consult
calls, calls of the PBX to itself) never decides anything here: what is true for the caller follows from bridges
and seats alone. Only what no bridge shows is taken from a variable or an application.
"""

from __future__ import annotations

from collections.abc import Iterable

from textback.events import Fact, StateUnknown
from textback.numbers import dialled
from textback.pbx import esl_dialling, esl_endings, esl_places, esl_queues, esl_signs
from textback.pbx.callers import Position
from textback.pbx.channel import Channel
from textback.pbx.esl_callers import EslCallers
from textback.pbx.esl_event import Event
from textback.pbx.esl_leg import Leg
from textback.pbx.esl_places import Handler

HANDLERS: dict[str, Handler] = {
    **esl_dialling.HANDLERS,
    **esl_places.HANDLERS,
    **esl_queues.HANDLERS,
    **esl_signs.HANDLERS,
    **esl_endings.HANDLERS,
}
#: the events that mean something here; everything else is dropped at its name
WANTED = frozenset(name.replace(":", "%3A").encode() for name in (*HANDLERS, "HEARTBEAT"))


#: seconds after the link came up in which a caller may turn up whose beginning was missed: FreeSWITCH writes its list
#: of channels behind the events. Later, whatever comes about an unknown leg came too late.
BEHIND = 10.0


class Translator(EslCallers):
    """Keeps the picture of one FreeSWITCH and tells facts about its callers."""

    def __init__(
        self, pbx: str, trunks: Iterable[str], contexts: Iterable[str] = (), language: str = "en"
    ) -> None:
        super().__init__(pbx, trunks, contexts, language)
        self._adopts_until: float | None = None
        #: of each caller the last event: it tells where they are, but hardly ever anybody asks
        self._last: dict[str, Event] = {}

    def take(self, event: Event, at: float) -> list[Fact]:
        """The facts that follow from one event that came at ``at`` (seconds since the epoch)."""
        name = event.get("Event-Name") or ""
        name = event.get("Event-Subclass") or "" if name == "CUSTOM" else name
        self.settle(at)
        handle = HANDLERS.get(name)
        if handle is None:  # a heartbeat: time has passed
            return self.taken()
        uuid = event.get("Unique-ID") or ""
        if self.syncing:
            self.seen.add((name, uuid))
        if self.syncing or self._adopts_until is None:
            self._adopts_until = at + BEHIND
        leg = self.leg(uuid) or self._late(name, uuid, event, at)
        if leg:
            self.learn(leg, event, at)
        handle(self, event, at)
        if leg is None and (leg := self.leg(uuid)):
            self.learn(leg, event, at)
        if uuid in self.callers:
            self._last[uuid] = event
        return self.taken()

    def settled(self, at: float) -> list[Fact]:
        """The facts that were held back, if nothing more has come by ``at``."""
        self.settle(at)
        return self.taken()

    def position(self, uniqueid: str) -> Position | None:
        """Where in the dialplan a caller was last seen, if that is known."""
        event = self._last.get(uniqueid)
        if event is not None and event.get("Caller-Context") is not None:
            return position(event)
        return super().position(uniqueid)

    def leave(self, channel: Channel, at: float, hung_up: bool) -> None:
        """See ``Callers``."""
        super().leave(channel, at, hung_up)
        self._last.pop(channel.uniqueid, None)

    def learn(self, leg: Leg, event: Event, at: float) -> None:
        """What every event of a leg, and a dump of it, may tell beside what it is about."""
        self.hear_language(leg.uniqueid, event.get("variable_default_language"), at)
        esl_signs.learn(self, leg, event, at)

    def adopt(self, leg: Leg, event: Event, started: float) -> None:
        """A caller who was on the line already when the link came up."""
        leg.is_inbound = True
        leg.made_at = started
        leg.tried = event.get("variable_originate_disposition")
        leg.destination = leg.destination or first_destination(event)
        self.arrive(leg, event, started)

    def _late(self, name: str, uuid: str, event: Event, at: float) -> Leg | None:
        """A caller whose beginning was missed, as it fell before the list of channels or before the subscription."""
        if at > (self._adopts_until or at):
            self.over.clear()
            return None
        if name == "CHANNEL_CREATE" or not uuid or uuid in self.over:
            return None
        is_over = event.get("Answer-State") == "hangup"
        if is_over and not self.syncing or not self.is_caller(event):
            return None
        leg = self.add(uuid, event.get("Channel-Name") or "")
        if is_over:
            self.adopt(leg, event, at - esl_endings.seconds_since("Caller-Channel-Created-Time", event))
            self.miss(uuid)
        else:
            self.adopt(leg, event, at)
            self.facts.append(StateUnknown(self.call_id(uuid), at))
        return leg


def position(event: Event) -> Position:
    """Context and extension, and when the leg was last bridged: who was not, and is still there, has missed nothing."""
    headers = ("Caller-Context", "Caller-Destination-Number", "Caller-Channel-Bridged-Time")
    return tuple(event.get(header) or "" for header in headers)


def first_destination(event: Event) -> str | None:
    """The number that was dialled, though the caller may have been transferred since."""
    return dialled(event.get("variable_sip_req_user"), event.get("Caller-Destination-Number"))
