"""The callers on one FreeSWITCH: who calls in, as it was when their leg was made, and when they are gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from textback.events import CallerArrived, VoicemailTook
from textback.numbers import is_nobody
from textback.pbx.callers import Callers, known
from textback.pbx.channel import Channel
from textback.pbx.esl_event import Event
from textback.pbx.esl_leg import Leg
from textback.pbx.esl_phones import is_phone

#: seconds: HANGUP_COMPLETE comes right behind HANGUP, but for a caller in the middle of a consultation, where it
#: waits for its end; a phone that hangs up takes back the hold just before
COMPLETES, SETTLES = 1.0, 0.1
#: seconds within which a call of our own that goes out over a trunk comes in again over one
COMES_BACK = 10.0
#: characters; a name of 10 kB says no more than its beginning
LONGEST_NAME = 255

_NOT_A_DIGIT = re.compile(r"\D")

_Key = TypeVar("_Key")


class EslCallers(Callers):
    """Which legs are callers; everything about a caller's number is frozen when the leg is made."""

    def __init__(
        self, pbx: str, trunks: Iterable[str], contexts: Iterable[str] = (), language: str = "en"
    ) -> None:
        super().__init__(pbx, trunks, contexts, language, make=Leg)
        #: legs of callers who have hung up, and of phones that have taken a caller back, since when
        self._completing: dict[str, float] = {}
        self._unheld: dict[str, float] = {}
        #: legs of callers that are over, as long as others may turn up whose beginning was missed
        self.over: set[str] = set()
        #: by SIP Call-ID, the legs over trunks: two with the same are one call of the PBX to itself
        self._dialogs: dict[str, str] = {}

    def leg(self, uuid: str | None) -> Leg | None:
        """The leg of that id, if it is known and has not ended."""
        found = self.picture.get(uuid)
        return found if isinstance(found, Leg) else None

    def add(self, uuid: str, name: str) -> Leg:
        """The leg of that id, made now if it is new."""
        leg = self.picture.add(uuid, name)
        assert isinstance(leg, Leg)
        return leg

    def tell(self, channels: Iterable[Channel], at: float) -> None:
        """See ``Callers``; for who has hung up nothing changes any more."""
        super().tell([one for one in channels if not isinstance(one, Leg) or one.ended_at is None], at)

    # -- who calls in -----------------------------------------------------------------------------------

    def is_caller(self, event: Event) -> bool:
        """Whether the leg that an event is about comes from outside, as far as the event tells."""
        if event.get("Call-Direction") != "inbound" or not self.is_trunk(event.get("Channel-Name") or ""):
            return False
        number = event.get("Caller-Caller-ID-Number") or ""
        if not self.arrives_in(event.get("Caller-Context") or ""):
            return False
        return not is_phone(number, lambda name: event.get(f"variable_{name}"), bool(self._contexts))

    def arrive(self, leg: Leg, event: Event, at: float) -> None:
        """A caller is on ``leg``: tell it once."""
        hidden = is_hidden(event)
        number = event.get("Caller-Orig-Caller-ID-Number") or event.get("Caller-Caller-ID-Number")
        name = known(event.get("Caller-Orig-Caller-ID-Name") or event.get("Caller-Caller-ID-Name"))
        fact = CallerArrived(
            self.call_id(leg.uniqueid),
            at,
            pbx=self.pbx,
            linkedid=leg.uniqueid,
            number=None if hidden else known(number),
            name=name[:LONGEST_NAME] if name and name != number else None,  # without one, it shows the number
            did=known(leg.destination),
            language=self.own_language(event.get("variable_default_language")),
            withheld=hidden,
        )
        self.arrived(leg, fact)

    def goes_out_now(self, leg: Leg) -> Leg | None:
        """The leg over a trunk whose call has come in again as ``leg``: the PBX has called itself."""
        for other in self.picture.channels.values():
            if not isinstance(other, Leg) or other.is_inbound or other.is_answered or other.twin:
                continue
            same = _digits(other.destination) == _digits(leg.destination) and other.number == leg.number
            if same and self.is_trunk(other.name) and 0 <= leg.made_at - other.made_at <= COMES_BACK:
                return other
        return None

    def join(self, one: Leg, other: Leg, at: float) -> None:
        """Two legs are the two ends of one connection inside the PBX; neither is a person."""
        one.twin, other.twin = other.uniqueid, one.uniqueid
        self.tell_around(one, at)

    def join_dialogs(self, leg: Leg, call_id: str | None, at: float) -> None:
        """Two legs over trunks with one SIP Call-ID are such a connection as well."""
        if not call_id:
            return
        leg.sip_call_id = call_id
        other = self.leg(self._dialogs.setdefault(call_id, leg.uniqueid))
        if other and other is not leg and other.twin is None and other.is_inbound != leg.is_inbound:
            self.join(leg, other, at)

    # -- the end ----------------------------------------------------------------------------------------

    def freeze(self, leg: Leg, at: float) -> None:
        """The caller on ``leg`` has hung up, or was hung up on: nothing changes for them any more."""
        leg.ended_at = at
        leg.hangup_requested = True
        self._completing[leg.uniqueid] = at
        self.stir(leg.uniqueid)

    def complete(self, leg: Leg, hung_up: bool) -> None:
        """The end of a caller's leg is told; ``hung_up``: by the caller's side."""
        assert leg.ended_at is not None
        self.leave(leg, leg.ended_at, hung_up)
        self.over.add(leg.uniqueid)
        self.forget(leg)

    def forget(self, leg: Leg) -> None:
        """``leg`` is gone."""
        self._completing.pop(leg.uniqueid, None)
        self._unheld.pop(leg.uniqueid, None)
        if leg.sip_call_id and self._dialogs.get(leg.sip_call_id) == leg.uniqueid:
            del self._dialogs[leg.sip_call_id]
        self.picture.remove(leg)
        self.stir(leg.uniqueid)

    def take_back(self, leg: Leg, at: float) -> None:
        """A phone takes its caller back from hold, unless it does so only to hang up."""
        self._unheld.setdefault(leg.uniqueid, at)

    def holds_still(self, leg: Leg) -> None:
        """The hold goes on: it was not taken back, or was begun anew."""
        self._unheld.pop(leg.uniqueid, None)

    def settle(self, at: float) -> None:
        """What was waited for has not come by ``at``: what was told is what is true."""
        for uuid in _due(self._unheld, at - SETTLES):
            leg, since = self.leg(uuid), self._unheld.pop(uuid)
            if leg:
                leg.holding_since = None
                self.tell_around(leg, since)
        for uuid in _due(self._completing, at - COMPLETES):
            leg = self.leg(uuid)
            if leg:
                self.complete(leg, hung_up=True)

    # -- voicemail --------------------------------------------------------------------------------------

    def voicemail(self, channel: Channel, at: float) -> None:
        """See ``Callers``."""
        if isinstance(channel, Leg):
            self.took_voicemail(channel, at)

    def took_voicemail(self, leg: Leg, at: float) -> None:
        """A voicemail box has taken ``leg``, or has had it until it hung up: tell it once."""
        leg.in_voicemail = leg.is_half
        for other in self._callers_with(leg):
            leg.in_voicemail = False
            if isinstance(other, Leg) and not other.voicemail_told:
                other.voicemail_told = True
                self.unconfirmed.discard(other.uniqueid)
                when = at if other.ended_at is None else other.ended_at
                self.facts.append(VoicemailTook(self.call_id(other.uniqueid), when))


def is_hidden(event: Event) -> bool:
    """Whether the caller does not want to be known: by the Privacy header, or as nobody in From."""
    if event.get("Caller-Privacy-Hide-Number") == "true":
        return True
    return is_nobody(event.get("variable_sip_from_user"), event.get("variable_sip_from_host"))


def _digits(text: str | None) -> str:
    return _NOT_A_DIGIT.sub("", text or "")


def _due(waiting: Mapping[_Key, float], until: float) -> list[_Key]:
    return [key for key, since in waiting.items() if since <= until]
