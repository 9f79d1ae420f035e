"""The callers on one Asterisk, and what was told of each: facts follow where the picture changes for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate

from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    NoAnswer,
    NobodyAnswered,
    Ringing,
    Talking,
    VoicemailTook,
)
from textback.pbx.channel import Channel, Whisper
from textback.pbx.picture import NOTHING, Picture, Situation
from textback.pbx.wire import Headers

Position = tuple[str, str, str]

_UNKNOWN = frozenset({"", "<unknown>", "unknown"})
_PROHIBITED = ("prohib", "unavailable")


class Callers:
    """Which channels are callers, and what was last told of them; collects the facts until they are taken.

    ``trunks``: patterns of the channels whose far end is outside; ``contexts``: where callers arrive (all, if empty);
    ``language``: the channel language that the PBX gives to everybody, which says nothing about a caller.
    """

    def __init__(
        self, pbx: str, trunks: Iterable[str], contexts: Iterable[str] = (), language: str = "en"
    ) -> None:
        self.pbx = pbx
        self.picture = Picture()
        self.callers: dict[str, Situation] = {}
        #: where in the dialplan each caller was last seen: who is still there has missed nothing
        self.positions: dict[str, Position] = {}
        #: while the link comes up, which events came for which channel: the snapshot may be older
        self.syncing = False
        self.seen: set[tuple[str, str]] = set()
        #: a caller came of whom the PBX does not say whether the number is hidden
        self.presentation_untold = False
        self.facts: list[Fact] = []
        #: by Uniqueid, the channels that speak for us
        self.whispers: dict[str, Whisper] = {}
        #: told the Uniqueid of a channel that came or went, of a caller whose situation changed, or for whom no
        #: agent's phone rings any more
        self.stir: Callable[[str], object] = _nobody_watches
        self._trunks = re.compile("|".join(map(translate, trunks)) or r"(?!)")
        self._contexts = frozenset(contexts)
        self._distrusted: set[str] = set()
        self._language = language

    def call_id(self, uniqueid: str) -> str:
        return f"{self.pbx}/{uniqueid}"

    def is_trunk(self, name: str) -> bool:
        """Whether the far end of a channel of that name is outside."""
        return self._trunks.match(name) is not None

    def tell_all(self, at: float) -> list[Fact]:
        """What changed for any caller, after the picture was changed by hand."""
        self.tell(list(self.picture.channels.values()), at)
        return self.taken()

    def taken(self) -> list[Fact]:
        """The facts that were not taken yet."""
        facts, self.facts = self.facts, []
        return facts

    # -- arrival and end --------------------------------------------------------------------------------

    def arrives_in(self, context: str) -> bool:
        """Whether callers come in there."""
        return not self._contexts or context in self._contexts

    def arrive(self, channel: Channel, event: Headers, at: float, did: str | None) -> None:
        """A caller is on ``channel``: tell it once."""
        self.callers[channel.uniqueid] = NOTHING
        variables = chan_variables(event)
        presentation = variables.get("CALLERID(pres)")
        self.presentation_untold = self.presentation_untold or presentation is None
        self.facts.append(
            CallerArrived(
                self.call_id(channel.uniqueid),
                at,
                pbx=self.pbx,
                linkedid=event["Linkedid"],
                number=known(event["CallerIDNum"]),
                name=known(event.get("CallerIDName")),
                did=known(did) if did != "s" else variables.get("FROM_DID") or None,
                language=self._own_language(event.get("Language")),
                withheld=is_hidden(presentation or ""),
            )
        )

    def _own_language(self, language: str | None) -> str | None:
        return None if not language or language == self._language else language

    def leave(self, channel: Channel, at: float) -> None:
        """``channel`` has ended, a caller's or not."""
        if self.callers.pop(channel.uniqueid, None) is not None:
            self.facts.append(CallerLeft(self.call_id(channel.uniqueid), at, hung_up=channel.hangup_requested))
        self._distrusted.discard(channel.uniqueid)
        self.positions.pop(channel.uniqueid, None)

    def locate(self, event: Headers) -> None:
        """Remember where in the dialplan the event saw a caller."""
        uniqueid = event.get("Uniqueid")
        if uniqueid in self.callers:
            self.positions[uniqueid] = position(event)

    def distrust(self, uniqueid: str, at: float) -> None:
        """The messages about a channel are tampered with: tell it once, if it is a caller's."""
        if uniqueid in self.callers and uniqueid not in self._distrusted:
            self._distrusted.add(uniqueid)
            self.facts.append(CallerKnown(self.call_id(uniqueid), at, None, tampered=True))

    # -- in between -------------------------------------------------------------------------------------

    def tell(self, channels: Iterable[Channel], at: float) -> None:
        """Tell each caller among ``channels`` for whom something else is true now than what was told last."""
        for channel in channels:
            told = self.callers.get(channel.uniqueid)
            if told is None:
                continue
            now = self.picture.situation(channel)
            if now != told:
                self.callers[channel.uniqueid] = now
                fact = _fact(self.call_id(channel.uniqueid), at, told, now)
                self.facts.extend([fact] if fact else [])
                self.stir(channel.uniqueid)

    def tell_around(self, channel: Channel, at: float) -> None:
        """The same for whoever hears or is heard by ``channel``."""
        self.tell(self.picture.connected(channel), at)

    def nobody_answered(self, channel: Channel, why: NoAnswer, at: float, queue: str | None = None) -> None:
        """What was tried for ``channel`` came to nothing; its caller, if it is one, is still there."""
        channel.left = None
        if channel.uniqueid in self.callers and not channel.hangup_requested:
            self.facts.append(NobodyAnswered(self.call_id(channel.uniqueid), at, why, queue))

    def voicemail(self, channel: Channel, at: float) -> None:
        """A voicemail box has taken ``channel``."""
        for other in self.picture.connected(channel):
            if other.uniqueid in self.callers:
                self.facts.append(VoicemailTook(self.call_id(other.uniqueid), at))


def _nobody_watches(uniqueid: str) -> None:
    """Nobody waits for anything to change."""


def _fact(call_id: str, at: float, told: Situation, now: Situation) -> Fact | None:
    if now.talking:
        return Talking(call_id, at, now.agent)
    if now.place:
        return HoldStarted(call_id, at, now.place, at if now.since is None else now.since, now.queue)
    if now.ringing:
        return Ringing(call_id, at)
    return HoldEnded(call_id, at) if told.place else None


def chan_variables(event: Headers) -> dict[str, str]:
    """What ``channelvars`` of manager.conf adds to each event: ``ChanVariable: NAME=value``, a line for each."""
    lines = event.get("ChanVariable", "").split("\n")
    return {name: value for name, _, value in (line.partition("=") for line in lines) if name}


def position(event: Headers) -> Position:
    """Context, extension and priority, as every event and every item of a list has them."""
    return event["Context"], event["Exten"], event["Priority"]


def known(text: str | None) -> str | None:
    """A value, or None for what Asterisk writes when there is none."""
    return None if text is None or text in _UNKNOWN else text


def is_hidden(presentation: str) -> bool:
    """Whether a ``CALLERID(pres)`` or ``CID-CallingPres`` says that the number is not to be shown."""
    return any(word in presentation.lower() for word in _PROHIBITED)
