"""What FreeSWITCH tells about who is rung for whom, and what no bridge shows: refusals, voicemail, keys."""

from __future__ import annotations

import re

from textback.events import KeyPressed, NoAnswer, StaffReached
from textback.pbx.esl_callers import EslCallers
from textback.pbx.esl_event import Event
from textback.pbx.esl_leg import Leg
from textback.pbx.esl_places import Handler

#: Hangup-Cause of a leg that nobody took, and originate_disposition where no leg was made at all. The others
#: (LOSE_RACE, PICKED_OFF, ORIGINATOR_CANCEL, NORMAL_CLEARING, …) say nothing that bridges do not.
CAUSES = {
    **dict.fromkeys(
        (
            *("NO_ANSWER", "NO_USER_RESPONSE", "ALLOTTED_TIMEOUT", "PROGRESS_TIMEOUT", "MEDIA_TIMEOUT"),
            "RECOVERY_ON_TIMER_EXPIRE",
        ),
        NoAnswer.RANG_OUT,
    ),
    **dict.fromkeys(("USER_BUSY", "CALL_REJECTED", "NORMAL_CIRCUIT_CONGESTION"), NoAnswer.BUSY),
    **dict.fromkeys(
        (
            *("USER_NOT_REGISTERED", "SUBSCRIBER_ABSENT", "NORMAL_TEMPORARY_FAILURE", "DESTINATION_OUT_OF_ORDER"),
            *("UNALLOCATED_NUMBER", "NO_ROUTE_DESTINATION", "NO_ROUTE_TRANSIT_NET", "INVALID_NUMBER_FORMAT"),
            *("NETWORK_OUT_OF_ORDER", "GATEWAY_DOWN", "INVALID_GATEWAY", "INVALID_URL", "INVALID_PROFILE"),
            *("CHAN_NOT_IMPLEMENTED", "INCOMPATIBLE_DESTINATION", "SERVICE_UNAVAILABLE", "NO_PICKUP"),
            *("OUTGOING_CALL_BARRED", "BEARERCAPABILITY_NOTAVAIL", "FACILITY_REJECTED", "INTERWORKING"),
        ),
        NoAnswer.UNREACHABLE,
    ),
}
_PHONE_NUMBER = re.compile(r"\+?\d{7,15}")
_ORIGINS = ("variable_originating_leg_uuid", "variable_originator", "Other-Leg-Unique-ID")


def _create(callers: EslCallers, event: Event, at: float) -> None:
    uuid = event.get("Unique-ID")
    if not uuid:
        return
    leg = callers.add(uuid, event.get("Channel-Name") or "")
    leg.made_at = at
    leg.is_inbound = event.get("Call-Direction") == "inbound"
    leg.number = event.get("Caller-Caller-ID-Number")
    leg.destination = event.get("Caller-Destination-Number")
    callers.stir(uuid)
    if leg.is_inbound:
        _comes_in(callers, leg, event, at)
    else:
        _goes_out(callers, leg, event, at)


def _comes_in(callers: EslCallers, leg: Leg, event: Event, at: float) -> None:
    ours = callers.goes_out_now(leg) if callers.is_trunk(leg.name) else None
    if ours:
        callers.join(ours, leg, at)
    elif leg.uniqueid not in callers.callers and callers.is_caller(event):
        callers.arrive(leg, event, at)


def _goes_out(callers: EslCallers, leg: Leg, event: Event, at: float) -> None:
    """A leg rings: at an agent's phone for a queue, or for the leg that had it made."""
    if callers.is_trunk(leg.name):
        found = _PHONE_NUMBER.search(leg.destination or "")
        leg.dialled = found.group() if found else None
    member = callers.leg(event.get("variable_cc_member_session_uuid"))
    origin = member or next(filter(None, (callers.leg(event.get(name)) for name in _ORIGINS)), None)
    if origin is None or origin is leg:
        return
    leg.origin = origin.uniqueid
    if member or origin.seat:
        callers.picture.call_agent(origin, leg)
    elif len(callers.picture.bridged(origin)) > 1:
        _consult(callers, origin, leg, at)
    else:
        callers.picture.ring(origin, leg)
        callers.tell_around(origin, at)


def _consult(callers: EslCallers, origin: Leg, leg: Leg, at: float) -> None:
    """Who talks has somebody else rung (att_xfer): the one they talked with waits meanwhile."""
    leg.consults_for = origin.uniqueid
    origin.holding_since = at if origin.holding_since is None else origin.holding_since
    callers.tell_around(origin, at)


def _consults_no_more(callers: EslCallers, leg: Leg, at: float) -> None:
    origin = callers.leg(leg.consults_for)
    leg.consults_for = None
    if origin and origin.aside is None and origin.holding_since is not None:
        origin.holding_since = None
        callers.tell_around(origin, at)


def _answer(callers: EslCallers, event: Event, at: float) -> None:
    leg = callers.leg(event.get("Unique-ID"))
    if leg is None:
        return
    leg.is_answered = True
    if leg.dialled and not leg.is_inbound and leg.twin is None and not _is_of_caller(callers, leg, event):
        callers.facts.append(StaffReached(callers.call_id(leg.uniqueid), at, leg.dialled))


def _is_of_caller(callers: EslCallers, leg: Leg, event: Event) -> bool:
    """Whether somebody was called outside for a caller: an agent's mobile, or somebody to consult."""
    seen: set[str] = set()
    found: Leg | None = leg
    while found and found.uniqueid not in seen:
        seen.add(found.uniqueid)
        found = callers.leg(found.origin)
    return not seen.isdisjoint(callers.callers) or event.get("Channel-Call-UUID") in callers.callers


# -- the end -----------------------------------------------------------------------------------------------


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
        _hangup(callers, event, at - _since_hangup(event))
    if leg.ended_at is not None:
        if is_voicemail(event.get("variable_current_application"), event.get("variable_current_application_data")):
            callers.took_voicemail(leg, leg.ended_at)
        callers.complete(leg, (event.get("variable_sip_hangup_disposition") or "recv").startswith("recv"))


def _since_hangup(event: Event) -> float:
    """Seconds: in the middle of a consultation HANGUP_COMPLETE comes late."""
    ended, now = event.get("Caller-Channel-Hangup-Time") or "", event.get("Event-Date-Timestamp") or ""
    if not ended.isdecimal() or not now.isdecimal() or int(ended) == 0:
        return 0.0
    return max(0.0, (int(now) - int(ended)) / 1e6)


# -- what no bridge shows ----------------------------------------------------------------------------------


def _dtmf(callers: EslCallers, event: Event, at: float) -> None:
    leg = callers.leg(event.get("Unique-ID"))
    key = event.get("DTMF-Digit")
    if leg is None or not key or leg.ended_at is not None or leg.uniqueid not in callers.callers:
        return
    leg.key = key if leg.seat else None
    if leg.prompt is None:  # there the dialplan reads the keys, which may be digits of a number
        callers.facts.append(KeyPressed(callers.call_id(leg.uniqueid), at, key))


def _execute(callers: EslCallers, event: Event, at: float) -> None:
    leg = callers.leg(event.get("Unique-ID"))
    if leg is None or leg.ended_at is not None:
        return
    application, data = event.get("Application"), event.get("Application-Data")
    if application == "bridge":
        leg.tried = None
    elif is_voicemail(application, data):
        callers.took_voicemail(leg, at)


def is_voicemail(application: str | None, data: str | None) -> bool:
    """Whether a box takes the call: mod_voicemail, unless somebody listens to theirs; FusionPBX has it in Lua."""
    words = (data or "").lower().split()
    if (application or "").lower() == "voicemail":
        return words[:1] not in (["check"], ["auth_only"])
    return application == "lua" and any("voicemail" in word for word in words)


def _message_left(callers: EslCallers, event: Event, at: float) -> None:
    """mod_voicemail has stored a message: after the caller's hang-up, as a rule."""
    leg = callers.leg(event.get("VM-UUID"))
    if leg and event.get("VM-Action") == "leave-message":
        callers.took_voicemail(leg, at)


def learn(callers: EslCallers, leg: Leg, event: Event, at: float) -> None:
    """What every event of a leg may tell beside what it is about."""
    leg.name = leg.name or event.get("Channel-Name") or ""
    if leg.twin is None and leg.name.startswith("loopback/"):
        other = callers.leg(event.get("variable_other_loopback_leg_uuid"))
        if other:
            callers.join(leg, other, at)
    elif leg.sip_call_id is None and callers.is_trunk(leg.name):
        callers.join_dialogs(leg, event.get("variable_sip_call_id"), at)
    if leg.uniqueid in callers.callers and leg.ended_at is None:
        _learn_disposition(callers, leg, event, at)


def _learn_disposition(callers: EslCallers, leg: Leg, event: Event, at: float) -> None:
    """A phone that is not registered has no leg at all: only a variable tells that nobody could be reached.

    It stays when something else was tried later, so only a change counts, and only for whom nothing is true now.
    """
    tried = event.get("variable_originate_disposition")
    if tried is None or tried == leg.tried:
        return
    leg.tried = tried
    told = callers.callers[leg.uniqueid]
    if tried in CAUSES and not (told.talking or told.place or leg.legs):
        callers.nobody_answered(leg, CAUSES[tried], at)


HANDLERS: dict[str, Handler] = {
    "CHANNEL_CREATE": _create,
    "CHANNEL_ANSWER": _answer,
    "CHANNEL_HANGUP": _hangup,
    "CHANNEL_HANGUP_COMPLETE": _hangup_complete,
    "CHANNEL_EXECUTE": _execute,
    "DTMF": _dtmf,
    "vm::maintenance": _message_left,
}
