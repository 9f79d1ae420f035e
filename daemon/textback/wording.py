"""The sentences that people read: why a call was texted or not, and what happened in it, step by step."""

from __future__ import annotations

from textback.call import VOICEMAIL, Call
from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    CallLost,
    DeadlinePassed,
    Fact,
    Handled,
    HoldStarted,
    KeyPressed,
    LanguageKnown,
    NoAnswer,
    NobodyAnswered,
    Place,
    Ringing,
    StateUnknown,
    Talking,
    TextGiven,
    TextRefused,
    TextRequested,
    VoicemailTook,
)
from textback.model import Flow

#: What is known of a caller whom no PBX of ours saw.
_ELSEWHERE = {
    Flow.CALL_TO_TEXT: "asked for it elsewhere, so a webhook says",
    Flow.ABANDONED: "gave up elsewhere, so a webhook says",
    Flow.MISSED: "nobody answered elsewhere, so a webhook says",
}
_TRIED = {
    NoAnswer.RANG_OUT: "nobody picked up",
    NoAnswer.BUSY: "the extension was busy",
    NoAnswer.UNREACHABLE: "the extension could not be reached",
    NoAnswer.QUEUE_TIMEOUT: "the wait timed out",
    NoAnswer.QUEUE_FULL: "there was no room",
    NoAnswer.QUEUE_EMPTY: "there was nobody to answer",
    NoAnswer.WITHDRAWN: "the caller was taken out while waiting",
    NoAnswer.TOLD: "the dialplan said that nobody will answer",
}


def ended(call: Call, flow: Flow) -> str:
    """How a lost call ended: "hung up after 1 min 35 s on hold in support"; one without a PBX was only told."""
    if not call.pbx:
        return _ELSEWHERE[flow]
    if flow is Flow.CALL_TO_TEXT:
        return asked(call)
    if flow is Flow.ABANDONED:
        left = "hung up" if call.hung_up else "was cut off"
        return f"{left} after {span(call.hold_seconds or 0.0)} on hold{_in_queue(call)}"
    if call.voicemail:
        return f"nobody answered{_in_queue(call)}, voicemail took the call"
    if call.gave_up_ringing:
        return f"hung up after {span(call.ring_seconds or 0.0)} of ringing"
    if call.no_answer:
        return f"{_TRIED[call.no_answer]}{_in_queue(call)}"
    return "called outside hours and reached nobody" if call.ring_seconds is None else "nobody answered"


def asked(call: Call) -> str:
    """How the caller came to ask for a text."""
    held = call.hold_when_asked
    if held is None:
        return "asked for it"
    other = " to another number" if call.text_number else ""
    return f"asked for it{other} by key after {span(held)} on hold{_in_queue(call)}"


def answered(call: Call) -> str:
    """Who answered, and after how long."""
    if call.answered_by == VOICEMAIL:
        return "voicemail took the call, which counts as answered"
    after = (call.answered_at or call.started_at) - call.started_at
    return f"answered by {call.answered_by or 'somebody'} after {span(after)}"


def _in_queue(call: Call) -> str:
    return f" in {call.queue}" if call.queue else ""


def span(seconds: float) -> str:
    """95.3 -> ``1 min 35 s``."""
    whole = int(max(0.0, seconds) + 0.5)
    minutes, rest = divmod(whole, 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


_PLACES = {
    Place.PARK: "is parked",
    Place.AGENT_HOLD: "is put on hold",
    Place.OFFER: "hears the offer of a text",
}


def step(fact: Fact) -> str:
    """What a fact means, in a few words, for the story of a call; '' if it is not worth telling."""
    match fact:
        case CallerArrived(did=did):
            return f"called {did}" if did else "called"
        case CallerKnown(tampered=tampered):
            return "carried forged PBX messages in the number" if tampered else "hides the number"
        case LanguageKnown(language=language):
            return f"is given the language {language}" if language else "is given the PBX's own language"
        case HoldStarted(place=place, queue=queue):
            return _PLACES.get(place) or f"waits in {queue or 'a queue'}"
        case Ringing():
            return "a phone rings"
        case Talking(agent=agent):
            return f"talks with {agent or 'somebody'}"
        case NobodyAnswered(why=why):
            return _TRIED[why]
        case VoicemailTook():
            return "voicemail takes the call"
        case Handled():
            return "was served otherwise by the dialplan"
        case KeyPressed(key=key):
            return f"pressed {key}"
        case TextRequested(number=number):
            return "asks for a text to another number" if number else "asks for a text"
        case TextGiven():
            return "gets a text"
        case TextRefused(reason=reason):
            return f"can't have a text: {reason}"
        case DeadlinePassed():
            return "has waited long enough for the offer of a text"
        case StateUnknown():
            return "is out of sight for a while"
        case CallerLeft(hung_up=hung_up):
            return "hung up" if hung_up else "was disconnected"
        case CallLost():
            return "the call is gone, its end was not seen"
    return ""
