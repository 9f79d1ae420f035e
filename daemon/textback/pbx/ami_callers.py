"""The callers on one Asterisk: who calls in, as its events and lists tell it, and whom to distrust."""

from __future__ import annotations

from collections.abc import Iterable

from textback.events import CallerArrived, CallerKnown
from textback.numbers import LONGEST_EXTENSION
from textback.pbx.callers import Callers, Position, known
from textback.pbx.channel import Channel, Whisper
from textback.pbx.records.local_time import born
from textback.pbx.wire import Headers

_PROHIBITED = ("prohib", "unavailable")


class AmiCallers(Callers):
    """What only Asterisk tells of callers, or has forged messages about."""

    def __init__(
        self, pbx: str, trunks: Iterable[str], contexts: Iterable[str] = (), language: str = "en"
    ) -> None:
        super().__init__(pbx, trunks, contexts, language)
        #: a caller came of whom the PBX does not say whether the number is hidden
        self.presentation_untold = False
        #: by Uniqueid, the channels that speak for us
        self.whispers: dict[str, Whisper] = {}
        self._distrusted: set[str] = set()

    def arrive(self, channel: Channel, event: Headers, at: float, did: str | None) -> None:
        """A caller is on ``channel``, as the event or the item of a list says: tell it once."""
        variables = chan_variables(event)
        presentation = variables.get("CALLERID(pres)")
        self.presentation_untold = self.presentation_untold or presentation is None
        fact = CallerArrived(
            self.call_id(channel.uniqueid),
            at,
            pbx=self.pbx,
            linkedid=event["Linkedid"],
            number=known(event["CallerIDNum"]),
            name=known(event.get("CallerIDName")),
            did=known(did) if did != "s" else variables.get("FROM_DID") or None,
            language=self.own_language(event.get("Language")),
            withheld=is_hidden(presentation or ""),
        )
        self.arrived(channel, fact)

    def leave(self, channel: Channel, at: float, hung_up: bool) -> None:
        """``channel`` has ended, a caller's or not; ``hung_up``: by its own side."""
        super().leave(channel, at, hung_up)
        self._distrusted.discard(channel.uniqueid)

    def missed_caller(self, event: Headers, at: float) -> Channel | None:
        """The channel of a caller who came before the login, and hangs up before the list of channels is there.

        What a channel has dialled is no number any more, once the dialplan has led it to an extension.
        """
        uniqueid = event["Uniqueid"]
        if not self.syncing or uniqueid != event["Linkedid"] or not self.is_trunk(event["Channel"]):
            return None
        channel = self.picture.add(uniqueid, event["Channel"])
        did = event["Exten"] if len(event["Exten"]) > LONGEST_EXTENSION else "s"
        self.arrive(channel, event, min(born(uniqueid) or at, at), did)
        self.miss(uniqueid)
        return channel

    def locate(self, event: Headers) -> None:
        """Remember where in the dialplan the event saw a caller."""
        uniqueid = event.get("Uniqueid")
        if uniqueid in self.callers:
            self.positions[uniqueid] = position(event)

    def distrust(self, uniqueid: str, at: float) -> None:
        """The messages about a channel are tampered with: tell it once, if it is a caller's."""
        is_caller = uniqueid in self.callers or uniqueid in self.missed
        if is_caller and uniqueid not in self._distrusted:
            self._distrusted.add(uniqueid)
            self.facts.append(CallerKnown(self.call_id(uniqueid), at, None, tampered=True))


def chan_variables(event: Headers) -> dict[str, str]:
    """What ``channelvars`` of manager.conf adds to each event: ``ChanVariable: NAME=value``, a line for each."""
    lines = event.get("ChanVariable", "").split("\n")
    return {name: value for name, _, value in (line.partition("=") for line in lines) if name}


def position(event: Headers) -> Position:
    """Context, extension and priority, as every event and every item of a list has them."""
    return event["Context"], event["Exten"], event["Priority"]


def is_hidden(presentation: str) -> bool:
    """Whether a ``CALLERID(pres)`` or ``CID-CallingPres`` says that the number is not to be shown."""
    return any(word in presentation.lower() for word in _PROHIBITED)
