"""What FreeSWITCH tells about legs that are made: who calls in, who is rung for whom, whom staff reach outside."""

from __future__ import annotations

import re

from textback.events import StaffReached
from textback.pbx.esl_callers import EslCallers
from textback.pbx.esl_event import Event
from textback.pbx.esl_leg import Leg
from textback.pbx.esl_places import Handler, answered

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


def _answer(callers: EslCallers, event: Event, at: float) -> None:
    leg = callers.leg(event.get("Unique-ID"))
    if leg is None:
        return
    leg.is_answered = True
    if leg.is_early:
        leg.is_early = False
        if leg.bridge:
            answered(callers, leg)
        callers.tell_around(leg, at)
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


HANDLERS: dict[str, Handler] = {
    "CHANNEL_CREATE": _create,
    "CHANNEL_ANSWER": _answer,
}
