"""What FreeSWITCH tells about legs that end: rung out, given up, or a caller's own."""

from __future__ import annotations

from textback.pbx.esl_callers import EslCallers
from textback.pbx.esl_causes import CAUSES
from textback.pbx.esl_event import Event
from textback.pbx.esl_leg import Leg
from textback.pbx.esl_places import Handler
from textback.pbx.esl_signs import is_voicemail


def _consults_no_more(callers: EslCallers, leg: Leg, at: float) -> None:
    origin = callers.leg(leg.consults_for)
    leg.consults_for = None
    if origin and origin.aside is None and origin.holding_since is not None:
        origin.holding_since = None
        callers.tell_around(origin, at)


def _hangup(callers: EslCallers, event: Event, at: float) -> None:
    leg = callers.leg(event.get("Unique-ID"))
    if leg is None or leg.ended_at is not None:
        return
    around = [one for one in callers.picture.connected(leg) if one is not leg]
    is_caller = leg.uniqueid in callers.callers
    if is_caller:
        callers.freeze(leg, at)
    _consults_no_more(callers, leg, at)
    _rings_no_more(callers, leg, event.get("Hangup-Cause") or "", at)
    callers.holds_still(leg)
    if is_caller:
        callers.picture.leave(leg)
    else:
        callers.forget(leg)
    callers.tell(around, at)


def _rings_no_more(callers: EslCallers, leg: Leg, cause: str, at: float) -> None:
    origin = callers.leg(leg.rings_for)
    if origin:  # its originate_disposition is about to say the same
        origin.tried = cause
    callers.rings_no_more(leg, CAUSES.get(cause), at)


def _hangup_complete(callers: EslCallers, event: Event, at: float) -> None:
    leg = callers.leg(event.get("Unique-ID"))
    if leg is None:
        return
    if leg.ended_at is None:
        # In the middle of a consultation it comes late.
        _hangup(callers, event, at - seconds_since("Caller-Channel-Hangup-Time", event))
    if leg.ended_at is not None:
        if is_voicemail(event.get("variable_current_application"), event.get("variable_current_application_data")):
            callers.took_voicemail(leg, leg.ended_at)
        callers.complete(leg, (event.get("variable_sip_hangup_disposition") or "recv").startswith("recv"))


def seconds_since(header: str, event: Event) -> float:
    """Seconds from a time in the life of a leg until an event of it, by the PBX's clock; 0 if that is not told."""
    then, now = event.get(header) or "", event.get("Event-Date-Timestamp") or ""
    if not then.isdecimal() or not now.isdecimal() or int(then) == 0:
        return 0.0
    return max(0.0, (int(now) - int(then)) / 1e6)


HANDLERS: dict[str, Handler] = {
    "CHANNEL_HANGUP": _hangup,
    "CHANNEL_HANGUP_COMPLETE": _hangup_complete,
}
