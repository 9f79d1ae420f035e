"""What FreeSWITCH tells about who hears whom: bridges, holds, and consultations behind a caller's back."""

from __future__ import annotations

from collections.abc import Callable

from textback.pbx.channel import Channel
from textback.pbx.esl_callers import EslCallers
from textback.pbx.esl_event import Event
from textback.pbx.esl_leg import Leg

Handler = Callable[[EslCallers, Event, float], None]


# -- bridges -----------------------------------------------------------------------------------------------


def _bridge(callers: EslCallers, event: Event, at: float) -> None:
    """Either leg may be the one that the event is about; ``Other-Leg-…`` may name a leg that lost the race."""
    pair = [_known_or_new(callers, event, uuid) for uuid in _ends(event)]
    if len(pair) < 2 or any(leg.ended_at is not None for leg in pair):
        return
    around = [one for leg in pair for one in callers.picture.connected(leg)]
    for leg in pair:
        _put_aside(callers, leg, at)
        callers.picture.enter(leg, _bridge_id(pair), holding=False)
        leg.is_early = not leg.is_inbound and not leg.is_answered and _is_unanswered(event, leg)
        if not leg.is_early:
            answered(callers, leg)
    _tell(callers, [*around, *callers.picture.connected(pair[0])], at)
    callers.catch_up(pair[0], at)


def _is_unanswered(event: Event, leg: Leg) -> bool:
    """FreeSWITCH bridges on early media as well, before anybody has answered."""
    prefix = "Caller-" if leg.uniqueid == event.get("Unique-ID") else "Other-Leg-"
    return event.get(f"{prefix}Channel-Answered-Time") == "0"


def _ends(event: Event) -> list[str]:
    ends = event.get("Bridge-A-Unique-ID"), event.get("Bridge-B-Unique-ID")
    if not all(ends):
        ends = event.get("Unique-ID"), event.get("Other-Leg-Unique-ID")
    return [uuid for uuid in ends if uuid]


def _known_or_new(callers: EslCallers, event: Event, uuid: str) -> Leg:
    prefix = "" if uuid == event.get("Unique-ID") else "Other-Leg-"
    return callers.leg(uuid) or callers.add(uuid, event.get(f"{prefix}Channel-Name") or "")


def _bridge_id(pair: list[Leg]) -> str:
    return " ".join(sorted(leg.uniqueid for leg in pair))


def answered(callers: EslCallers, leg: Leg) -> None:
    """Whoever is bridged waits no more, and rings no more; other legs may still ring for them."""
    if leg.seat:
        callers.picture.call_off(leg)
        leg.seat = None
    if (waiting := callers.picture.stop_calling(leg)) and not waiting.agents:
        callers.stir(waiting.uniqueid)
    callers.picture.stop_ringing(leg)
    leg.parked_since = leg.music_since = leg.consults_for = None


def _put_aside(callers: EslCallers, leg: Leg, at: float) -> None:
    """Who is bridged with somebody else before the old bridge is over, consults: the other one waits."""
    left = [one for one in callers.picture.bridged(leg) if one is not leg]
    if not left:
        return
    leg.aside = leg.bridge
    for one in left:
        one.music_since = at if leg.holding_since is None else leg.holding_since


def _unbridge(callers: EslCallers, event: Event, at: float) -> None:
    pair = [leg for leg in map(callers.leg, _ends(event)) if leg]
    bridge = " ".join(sorted(_ends(event)))
    around = [one for leg in pair for one in callers.picture.connected(leg)]
    for leg in pair:
        if leg.aside == bridge:
            leg.aside = None
        if leg.bridge == bridge:
            leg.music_since = None
            callers.picture.leave(leg)
            _go_back(callers, leg)
    _tell(callers, [*around, *(one for leg in pair for one in callers.picture.connected(leg))], at)


def _go_back(callers: EslCallers, leg: Leg) -> None:
    """The consultation is over, and who consulted is back with the one who waited."""
    bridge, leg.aside = leg.aside, None
    if bridge and leg.ended_at is None:
        callers.picture.enter(leg, bridge, holding=False)
        for one in callers.picture.bridged(leg):
            one.music_since = None


def _tell(callers: EslCallers, channels: list[Channel], at: float) -> None:
    callers.tell({one.uniqueid: one for one in channels}.values(), at)


# -- hold --------------------------------------------------------------------------------------------------


def _hold(callers: EslCallers, event: Event, at: float) -> None:
    """The leg is the one that has put the other on hold."""
    leg = callers.leg(event.get("Unique-ID"))
    if leg:
        callers.holds_still(leg)
        leg.holding_since = at if leg.holding_since is None else leg.holding_since
        callers.tell_around(leg, at)


def _unhold(callers: EslCallers, event: Event, at: float) -> None:
    leg = callers.leg(event.get("Unique-ID"))
    if leg and leg.holding_since is not None:
        callers.take_back(leg, at)


HANDLERS: dict[str, Handler] = {
    "CHANNEL_BRIDGE": _bridge,
    "CHANNEL_UNBRIDGE": _unbridge,
    "CHANNEL_HOLD": _hold,
    "CHANNEL_UNHOLD": _unhold,
}
