"""What FreeSWITCH tells that no bridge shows: keys, voicemail, phones out of reach, the PBX calling itself."""

from __future__ import annotations

from textback.events import KeyPressed
from textback.pbx.esl_callers import EslCallers
from textback.pbx.esl_causes import CAUSES
from textback.pbx.esl_event import Event
from textback.pbx.esl_leg import Leg
from textback.pbx.esl_places import Handler


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
    "CHANNEL_EXECUTE": _execute,
    "DTMF": _dtmf,
    "vm::maintenance": _message_left,
}
