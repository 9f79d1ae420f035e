"""The callers on one PBX, and what was told of each: facts follow where the picture changes for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from fnmatch import translate

from textback.events import (
    CallerArrived,
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    LanguageKnown,
    NoAnswer,
    NobodyAnswered,
    Ringing,
    Talking,
    VoicemailTook,
)
from textback.languages import tag
from textback.pbx.channel import Channel
from textback.pbx.picture import NOTHING, Picture, Situation

#: where in the dialplan somebody is, in the PBX's own words
Position = tuple[str, ...]

_UNKNOWN = frozenset({"", "<unknown>", "unknown"})


class Callers:
    """Which channels are callers, and what was last told of them; collects the facts until they are taken.

    ``trunks``: patterns of the channels whose far end is outside; ``contexts``: where callers arrive (all, if empty);
    ``language``: the channel language that the PBX gives to everybody, which says nothing about a caller.
    """

    def __init__(
        self,
        pbx: str,
        trunks: Iterable[str],
        contexts: Iterable[str] = (),
        language: str = "en",
        make: Callable[[str, str], Channel] = Channel,
    ) -> None:
        self.pbx = pbx
        self.picture = Picture(make)
        self.callers: dict[str, Situation] = {}
        #: where in the dialplan each caller was last seen: who is still there has missed nothing
        self.positions: dict[str, Position] = {}
        #: while the link comes up, which events came for which channel: the snapshot may be older
        self.syncing = False
        self.seen: set[tuple[str, str]] = set()
        #: callers known from before of whom nothing was seen yet: what was last true for them may be so no longer;
        #: and those of them who have left without anything else having been seen
        self.unconfirmed: set[str] = set()
        self.vanished: list[str] = []
        #: callers who called before the link came up, and of whom nothing was seen but that they hung up
        self.missed: list[str] = []
        self.facts: list[Fact] = []
        #: told the id of a channel that came or went, of a caller whose situation changed, or for whom no
        #: agent's phone rings any more
        self.stir: Callable[[str], object] = _nobody_watches
        #: when the wait was over of who waits no more, and talks to nobody yet
        self._waited_until: dict[str, float] = {}
        self._trunks = re.compile("|".join(map(translate, trunks)) or r"(?!)")
        self._contexts = frozenset(contexts)
        self._language = language
        #: of each caller the language that was told last, if it is not the PBX's own
        self._languages: dict[str, str | None] = {}

    def call_id(self, uniqueid: str) -> str:
        return f"{self.pbx}/{uniqueid}"

    def is_trunk(self, name: str) -> bool:
        """Whether the far end of a channel of that name is outside."""
        return self._trunks.match(name) is not None

    def arrives_in(self, context: str) -> bool:
        """Whether callers come in there."""
        return not self._contexts or context in self._contexts

    def tell_all(self, at: float) -> list[Fact]:
        """What changed for any caller, after the picture was changed by hand."""
        self.tell(list(self.picture.channels.values()), at)
        return self.taken()

    def taken(self) -> list[Fact]:
        """The facts that were not taken yet."""
        facts, self.facts = self.facts, []
        return facts

    def position(self, uniqueid: str) -> Position | None:
        """Where in the dialplan a caller was last seen, if that is known."""
        return self.positions.get(uniqueid)

    def came(self, events: Iterable[str], uniqueid: str) -> bool:
        """Whether one of those events came while the snapshot was on its way: what it says may be older."""
        return any((name, uniqueid) in self.seen for name in events)

    def expect(self, uniqueid: str, leaving: bool) -> None:
        """A caller who was on the line when last seen, ``leaving`` already: a resync finds out what became of them."""
        self.callers[uniqueid] = NOTHING
        if not leaving:
            self.unconfirmed.add(uniqueid)

    def miss(self, uniqueid: str) -> None:
        """A caller who has arrived, and of whom nothing is seen but the end, before the snapshot is there."""
        self.unconfirmed.add(uniqueid)
        self.missed.append(uniqueid)

    def confirm(self) -> list[str]:
        """All has been looked at now; gives who has left meanwhile, it was not seen how."""
        self.syncing = False
        self.unconfirmed.clear()
        vanished, self.vanished = self.vanished, []
        return vanished

    # -- arrival and end --------------------------------------------------------------------------------

    def arrived(self, channel: Channel, fact: CallerArrived) -> None:
        """A caller is on ``channel``: tell it once."""
        self.callers[channel.uniqueid] = NOTHING
        self._languages[channel.uniqueid] = fact.language
        self.facts.append(fact)

    def own_language(self, language: str | None) -> str | None:
        """The language of a channel, if it says something about who is on it."""
        return None if not language or tag(language) == tag(self._language) else language

    def hear_language(self, uniqueid: str, language: str | None, at: float) -> None:
        """The language that a channel has now, where that is told; a caller may have chosen it since the arrival."""
        own = self.own_language(language)
        if language is not None and uniqueid in self.callers and self._languages.get(uniqueid) != own:
            self._languages[uniqueid] = own
            self.facts.append(LanguageKnown(self.call_id(uniqueid), at, own))

    def leave(self, channel: Channel, at: float, hung_up: bool) -> None:
        """``channel`` has ended, a caller's or not; ``hung_up``: by its own side.

        Of a caller who may have been answered while nobody looked it is not told how they left: that would be a guess.
        """
        is_caller = self.callers.pop(channel.uniqueid, None) is not None
        if is_caller and channel.uniqueid in self.unconfirmed:
            self.vanished.append(channel.uniqueid)
        elif is_caller:
            self.facts.append(CallerLeft(self.call_id(channel.uniqueid), at, hung_up=hung_up))
        self.positions.pop(channel.uniqueid, None)
        self._languages.pop(channel.uniqueid, None)
        self._waited_until.pop(channel.uniqueid, None)

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
                self.unconfirmed.discard(channel.uniqueid)
                fact = _fact(self.call_id(channel.uniqueid), at, told, now)
                self.facts.extend([self._counted_once(channel.uniqueid, fact)] if fact else [])
                self.stir(channel.uniqueid)

    def _counted_once(self, uniqueid: str, fact: Fact) -> Fact:
        """A seat that is taken over may be older than the end of the wait before it."""
        if isinstance(fact, HoldStarted):
            ended = self._waited_until.pop(uniqueid, fact.since)
            return replace(fact, since=max(fact.since, ended))
        self._waited_until.pop(uniqueid, None)
        if isinstance(fact, HoldEnded):
            self._waited_until[uniqueid] = fact.at
        return fact

    def tell_around(self, channel: Channel, at: float) -> None:
        """The same for whoever hears or is heard by ``channel``."""
        self.tell(self.picture.connected(channel), at)

    def nobody_answered(self, channel: Channel, why: NoAnswer, at: float, queue: str | None = None) -> None:
        """What was tried for ``channel`` came to nothing; its caller, if it is one, is still there."""
        channel.left = None
        channel.came_to = (why, queue) if channel.is_half else None
        for other in self._callers_with(channel):
            channel.came_to = None
            # What is read behind the bridge with somebody who did answer is about somebody else.
            if not self.callers[other.uniqueid].talking and not other.hangup_requested:
                self.unconfirmed.discard(other.uniqueid)
                self.facts.append(NobodyAnswered(self.call_id(other.uniqueid), at, why, queue))

    def catch_up(self, channel: Channel, at: float) -> None:
        """Who is connected with one half of a connection inside learns what became of the other one before."""
        for other in self.picture.connected(channel):
            if other.in_voicemail:
                self.voicemail(other, at)
            elif other.came_to:
                why, queue = other.came_to
                self.nobody_answered(other, why, at, queue)

    def voicemail(self, channel: Channel, at: float) -> None:
        """A voicemail box has taken ``channel``."""
        channel.in_voicemail = channel.is_half
        for other in self._callers_with(channel):
            channel.in_voicemail = False
            self.unconfirmed.discard(other.uniqueid)
            self.facts.append(VoicemailTook(self.call_id(other.uniqueid), at))

    def _callers_with(self, channel: Channel) -> list[Channel]:
        """The callers who hear what ``channel`` does, or are on it."""
        return [other for other in self.picture.connected(channel) if other.uniqueid in self.callers]

    def rings_no_more(self, leg: Channel, why: NoAnswer | None, at: float) -> None:
        """``leg`` has stopped ringing; ``why``: since nobody answered, if that is known."""
        waiting = self.picture.stop_calling(leg)
        if waiting and not waiting.agents:
            self.stir(waiting.uniqueid)
        caller = self.picture.stop_ringing(leg)
        if caller is None or caller.legs:
            return
        if why:
            self.nobody_answered(caller, why, at)
        self.tell_around(caller, at)


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


def known(text: str | None) -> str | None:
    """A value, or None for what a PBX writes when there is none."""
    return None if text is None or text in _UNKNOWN else text
