"""The state machine of a call: everything that moves a caller from one state to another is in this file.

::

                 +--------+  Ringing   +---------+
    Arrived ---> |  MENU  | ---------> | RINGING | --+
                 +--------+            +---------+   | NobodyAnswered,
                     |  ^ \\                |  |      | VoicemailTook
         HoldStarted |  |  \\ Talking       |  |      v
                     v  |   \\       Talking|  |  +------------+
                 +---------+ \\             |  +->| UNANSWERED |
                 | WAITING |--+------------+     +------------+
                 +---------+   \\           |           |
                     ^          v          v           | (any of the others may follow:
                     |        +-------------+          |  transfers, overflow, a second queue)
                     +--------|   TALKING   |<---------+
                 HoldStarted  +-------------+

    CallerLeft: WAITING -> abandoned, RINGING and UNANSWERED -> missed, TALKING -> answered, MENU -> unreached;
    texted, if a text was given and nobody spoke with the caller since. CallLost: lost.
    StateUnknown moves any of them to UNSEEN, which is lost unless something new is seen.
    What the dialplan says may be heard after the end, as long as nothing is decided: unreached -> missed.

The state is what was last true *for the caller*, never for a leg. Leaving a queue (HoldEnded) ends no
state: the caller is where they were until something else happens, which is why a caller who leaves the
queue by a key and hangs up is still somebody who gave up on hold.

Time is asked for by ``Call.deadline``: the hold threshold while waiting; the tracker feeds
``DeadlinePassed`` before any later fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    CallLost,
    DeadlinePassed,
    DialplanSaid,
    Fact,
    Handled,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LanguageKnown,
    NoAnswer,
    NobodyAnswered,
    Ringing,
    StateUnknown,
    Talking,
    TextGiven,
    TextRefused,
    TextRequested,
    VoicemailTook,
)
from textback.model import Disposition


#: who has answered where the practice counts voicemail as that
VOICEMAIL = "voicemail"


class Phase(StrEnum):
    """What is true for the caller."""

    MENU = "menu"
    WAITING = "waiting"
    RINGING = "ringing"
    UNANSWERED = "unanswered"
    TALKING = "talking"
    UNSEEN = "unseen"
    ENDED = "ended"


class Outcome(StrEnum):
    """What the tracker must do about a step of the machine."""

    TEXT_ASKED = "text_asked"
    OFFER_DUE = "offer_due"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the practice wants of the machine, for the queue that the caller is in.

    ``after``: the hold threshold in seconds, None where no text is offered; ``key``: the key that asks for one.
    """

    key: str | None = None
    after: float | None = None
    voicemail_answers: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One caller's visit, over all its legs, queues and transfers; times in seconds since the epoch."""

    id: str
    pbx: str
    linkedid: str
    started_at: float
    number: str | None = None
    name: str | None = None
    did: str | None = None
    language: str | None = None
    withheld: bool = False
    tampered: bool = False
    #: known from the dialplan alone, until the link has seen it
    hearsay: bool = False
    phase: Phase = Phase.MENU
    queue: str | None = None
    hold_started_at: float | None = None
    offered_at: float | None = None
    answered_at: float | None = None
    answered_by: str | None = None
    ended_at: float | None = None
    voicemail: bool = False
    #: the wait that runs now, the waits of this stretch that are over, and the stretches that are over
    waiting_since: float | None = None
    stretch: float = 0.0
    first_stretch: float | None = None
    texted_stretch: float | None = None
    ringing_since: float | None = None
    ring_seconds: float | None = None
    no_answer: NoAnswer | None = None
    asked_at: float | None = None
    texted: bool = False
    handled: bool = False
    #: what the dialplan said: whose call it is, the caller's language, and the number that they keyed in for the text
    practice: str | None = None
    lang: str | None = None
    text_number: str | None = None
    refused: str | None = None
    hung_up: bool = False
    gave_up_ringing: bool = False
    disposition: Disposition | None = None
    deadline: float | None = None

    @property
    def answer(self) -> str | None:
        """What became of the request for a text: "" if it was given, else the reason; None if there was none."""
        if self.texted:
            return ""
        return self.refused if self.asked_at is not None else None

    @property
    def hold_when_asked(self) -> float | None:
        """Seconds of the stretch in which the caller asked for a text; None if they were not on hold."""
        if self.hold_started_at is None or self.asked_at is None or self.texted_stretch is not None:
            return self.texted_stretch
        return self.stretch + (0.0 if self.waiting_since is None else self.asked_at - self.waiting_since)

    @property
    def hold_seconds(self) -> float | None:
        """The stretch that the call ended in (abandoned, texted), else its first one."""
        if self.hold_started_at is None:
            return None
        if self.disposition == Disposition.TEXTED:
            return self.texted_stretch
        if self.disposition == Disposition.ABANDONED or self.first_stretch is None:
            return self.stretch
        return self.first_stretch


_FIELDS = tuple(field.name for field in fields(Call))
_VALUES = attrgetter(*_FIELDS)
_SETTERS = tuple(getattr(Call, name).__set__ for name in _FIELDS)
_SETTER = dict(zip(_FIELDS, _SETTERS, strict=True))


def replace(call: Call, **changes: Any) -> Call:
    """What ``dataclasses.replace`` gives, in a quarter of its time: half of what a step of the machine costs."""
    copy = object.__new__(Call)
    for put, value in zip(_SETTERS, _VALUES(call), strict=True):
        put(copy, value)
    for name, value in changes.items():
        _SETTER[name](copy, value)
    return copy


Step = tuple[Call, tuple[Outcome, ...]]


def arrive(fact: CallerArrived) -> Call:
    """A new call, in the menu."""
    return Call(
        id=fact.call_id,
        pbx=fact.pbx,
        linkedid=fact.linkedid,
        started_at=fact.at,
        number=None if fact.withheld else fact.number,
        name=fact.name,
        did=fact.did,
        language=fact.language,
        withheld=fact.withheld,
        tampered=fact.tampered,
        hearsay=fact.hearsay,
    )


def seen(call: Call, fact: CallerArrived) -> Call:
    """The call, known from hearsay until now, as the link has seen it arrive."""
    told = arrive(fact)
    hidden = call.withheld or told.withheld  # what the dialplan alone could tell of the number stays true
    return replace(
        call,
        linkedid=told.linkedid,
        number=None if hidden else told.number,
        name=told.name,
        did=told.did,
        language=told.language,
        withheld=hidden,
        tampered=call.tampered or told.tampered,
        hearsay=told.hearsay,
    )


def advance(call: Call, fact: Fact, rules: Rules) -> Step:
    """The call after ``fact``, and what is to be done about it; facts that mean nothing now change nothing."""
    if call.phase is Phase.ENDED:
        after = _afterwards(call, fact)
        return after, (() if after is call else (Outcome.ENDED,))
    move = _MOVES.get(type(fact))
    return move(call, fact, rules) if move else (call, ())


def _known(call: Call, fact: CallerKnown, rules: Rules) -> Step:
    known = replace(
        call,
        number=None if fact.withheld else (fact.number or call.number),
        withheld=call.withheld or fact.withheld,
        tampered=call.tampered or fact.tampered,
    )
    return known, ()


def _language_known(call: Call, fact: LanguageKnown, rules: Rules) -> Step:
    return replace(call, language=fact.language), ()


def _hold_started(call: Call, fact: HoldStarted, rules: Rules) -> Step:
    waited = _until(call, min(fact.at, fact.since))
    held = replace(
        _stop_ringing(waited, fact.at),
        phase=Phase.WAITING,
        queue=fact.queue or call.queue,
        waiting_since=fact.since,
        hold_started_at=fact.since if call.hold_started_at is None else call.hold_started_at,
    )
    return _with_threshold(held, rules), ()


def _hold_ended(call: Call, fact: HoldEnded, rules: Rules) -> Step:
    return replace(_until(call, fact.at), deadline=None), ()


def _ringing(call: Call, fact: Ringing, rules: Rules) -> Step:
    if call.phase is Phase.RINGING:
        return call, ()
    return replace(_until(call, fact.at), phase=Phase.RINGING, ringing_since=fact.at, deadline=None), ()


def _talking(call: Call, fact: Talking, rules: Rules) -> Step:
    over = _end_stretch(_stop_ringing(_until(call, fact.at), fact.at))
    spoke = replace(
        over,
        phase=Phase.TALKING,
        answered_at=fact.at if call.answered_at is None else call.answered_at,
        answered_by=fact.agent or call.answered_by,
        texted=call.texted,
        deadline=None,
    )
    return spoke, ()


def _nobody_answered(call: Call, fact: NobodyAnswered, rules: Rules) -> Step:
    tried = replace(
        _stop_ringing(_until(call, fact.at), fact.at),
        phase=Phase.UNANSWERED,
        queue=fact.queue or call.queue,
        no_answer=fact.why,
        deadline=None,
    )
    return tried, ()


def _voicemail_took(call: Call, fact: VoicemailTook, rules: Rules) -> Step:
    stopped = replace(_stop_ringing(_until(call, fact.at), fact.at), voicemail=True, deadline=None)
    if rules.voicemail_answers:
        return replace(_end_stretch(stopped), phase=Phase.TALKING, answered_by=VOICEMAIL), ()
    return replace(stopped, phase=Phase.UNANSWERED), ()


def _handled(call: Call, fact: Handled, rules: Rules) -> Step:
    return replace(call, handled=True), ()


def _key_pressed(call: Call, fact: KeyPressed, rules: Rules) -> Step:
    # Only on hold: a digit means something else to a menu, a survey or an agent.
    on_hold = call.phase is Phase.WAITING and call.waiting_since is not None
    if not on_hold or fact.key != rules.key or call.asked_at is not None:
        return call, ()
    return replace(call, asked_at=fact.at), (Outcome.TEXT_ASKED,)


def _dialplan_said(call: Call, fact: DialplanSaid, rules: Rules) -> Step:
    told = replace(
        call,
        practice=fact.practice or call.practice,
        queue=fact.queue or call.queue,
        lang=fact.language or call.lang,
    )
    return told, ()


def _text_requested(call: Call, fact: TextRequested, rules: Rules) -> Step:
    # The dialplan runs on the caller's channel, so that they talk with nobody now, whatever was seen last.
    other_number = fact.number is not None and call.refused is not None
    if call.asked_at is not None and not other_number:
        return call, ()
    return replace(call, asked_at=fact.at, text_number=fact.number, refused=None), (Outcome.TEXT_ASKED,)


def _text_given(call: Call, fact: TextGiven, rules: Rules) -> Step:
    waiting = call.waiting_since is not None
    over = _until(call, fact.at)
    given = replace(
        _end_stretch(over),
        texted=True,
        texted_stretch=over.stretch,
        waiting_since=fact.at if waiting else None,
        deadline=None,
    )
    return given, ()


def _text_refused(call: Call, fact: TextRefused, rules: Rules) -> Step:
    return replace(call, refused=fact.reason), ()


def _state_unknown(call: Call, fact: StateUnknown, rules: Rules) -> Step:
    # Somebody may have talked with them: as long as nothing new is seen, no text may be guessed.
    return replace(_stop_ringing(_until(call, fact.at), fact.at), phase=Phase.UNSEEN, deadline=None), ()


def _deadline_passed(call: Call, fact: DeadlinePassed, rules: Rules) -> Step:
    if call.phase is Phase.WAITING and call.offered_at is None:
        return replace(call, offered_at=fact.at, deadline=None), (Outcome.OFFER_DUE,)
    return replace(call, deadline=None), ()


def _caller_left(call: Call, fact: CallerLeft, rules: Rules) -> Step:
    return _end(call, fact.at, _disposition(call), fact.hung_up)


def _call_lost(call: Call, fact: CallLost, rules: Rules) -> Step:
    return _end(call, fact.at, Disposition.LOST, hung_up=False)


def _end(call: Call, at: float, disposition: Disposition, hung_up: bool) -> Step:
    gave_up = hung_up and call.phase is Phase.RINGING
    ended = replace(
        _stop_ringing(_until(call, at), at),
        phase=Phase.ENDED,
        ended_at=at,
        disposition=disposition,
        hung_up=hung_up,
        gave_up_ringing=gave_up,
        deadline=None,
    )
    return ended, (Outcome.ENDED,)


def _afterwards(call: Call, fact: Fact) -> Call:
    """What the dialplan said holds, though the end was heard first: it speaks for callers who are on the line only."""
    if isinstance(fact, Handled) and not call.handled:
        return replace(call, handled=True)
    if isinstance(fact, NobodyAnswered) and fact.told and call.disposition is Disposition.UNREACHED:
        return replace(call, queue=fact.queue or call.queue, no_answer=fact.why, disposition=Disposition.MISSED)
    return call


_LEFT_IN = {
    Phase.MENU: Disposition.UNREACHED,
    Phase.WAITING: Disposition.ABANDONED,
    Phase.RINGING: Disposition.MISSED,
    Phase.UNANSWERED: Disposition.MISSED,
    Phase.TALKING: Disposition.ANSWERED,
    Phase.UNSEEN: Disposition.LOST,
}


def _disposition(call: Call) -> Disposition:
    if call.texted and call.phase is not Phase.TALKING and not _spoke_since_text(call):
        return Disposition.TEXTED
    return _LEFT_IN[call.phase]


def _spoke_since_text(call: Call) -> bool:
    return call.texted_stretch is None


def _until(call: Call, at: float) -> Call:
    """The wait that runs, if any, ends at ``at``."""
    if call.waiting_since is None:
        return call
    waited = max(0.0, at - call.waiting_since)
    return replace(call, stretch=call.stretch + waited, waiting_since=None)


def _end_stretch(call: Call) -> Call:
    """Somebody answered, or the text was asked for: the next wait is a new one."""
    if call.hold_started_at is None:
        return replace(call, texted_stretch=None)
    first = call.stretch if call.first_stretch is None else call.first_stretch
    return replace(call, first_stretch=first, stretch=0.0, texted_stretch=None)


def _stop_ringing(call: Call, at: float) -> Call:
    if call.ringing_since is None:
        return call
    rang = (call.ring_seconds or 0.0) + max(0.0, at - call.ringing_since)
    return replace(call, ring_seconds=rang, ringing_since=None)


def _with_threshold(call: Call, rules: Rules) -> Call:
    if rules.after is None or call.offered_at is not None or call.waiting_since is None:
        return replace(call, deadline=None)
    return replace(call, deadline=call.waiting_since + max(0.0, rules.after - call.stretch))


_MOVES: dict[type[Fact], Callable[[Call, Any, Rules], Step]] = {
    CallerKnown: _known,
    LanguageKnown: _language_known,
    HoldStarted: _hold_started,
    HoldEnded: _hold_ended,
    Ringing: _ringing,
    Talking: _talking,
    NobodyAnswered: _nobody_answered,
    VoicemailTook: _voicemail_took,
    Handled: _handled,
    DialplanSaid: _dialplan_said,
    TextRequested: _text_requested,
    KeyPressed: _key_pressed,
    TextGiven: _text_given,
    TextRefused: _text_refused,
    StateUnknown: _state_unknown,
    DeadlinePassed: _deadline_passed,
    CallerLeft: _caller_left,
    CallLost: _call_lost,
}
