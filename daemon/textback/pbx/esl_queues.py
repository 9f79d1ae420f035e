"""What FreeSWITCH tells about where legs wait for a person: in a queue, in a fifo, in a parking lot."""

from __future__ import annotations

from textback.events import KeyPressed, NoAnswer
from textback.pbx.channel import Seat
from textback.pbx.dialplan import PROMPTS
from textback.pbx.esl_callers import EslCallers
from textback.pbx.esl_event import Event
from textback.pbx.esl_leg import Leg
from textback.pbx.esl_places import Handler

#: CC-Cancel-Reason, where the queue has sent the caller on; BREAK_OUT may be anything
THROWN_OUT = {"TIMEOUT": NoAnswer.QUEUE_TIMEOUT, "NO_AGENT_TIMEOUT": NoAnswer.QUEUE_EMPTY}


def _callcenter(callers: EslCallers, event: Event, at: float) -> None:
    """mod_callcenter; ``bridge-agent-start`` is no answer, and the events about agents have no Unique-ID at all."""
    leg = callers.leg(event.get("CC-Member-Session-UUID"))
    action = event.get("CC-Action")
    if leg is None or leg.ended_at is not None:
        return
    ticket = event.get("CC-Member-UUID")
    if action in ("member-queue-start", "member-queue-resume"):
        _sit(callers, leg, Seat(event.get("CC-Queue") or "", at, ticket=ticket), at)
    elif action == "member-queue-end" and leg.seat and leg.seat.ticket == ticket:
        _leave_queue(callers, leg, event, at)


def _sit(callers: EslCallers, leg: Leg, seat: Seat, at: float) -> None:
    leg.seat, leg.key = seat, None
    leg.is_elsewhere()
    leg.is_up = True
    callers.tell_around(leg, at)


def _leave_queue(callers: EslCallers, leg: Leg, event: Event, at: float) -> None:
    """The end of a stay: also the end of the talk (Terminated), and when the caller hangs up, which ends no wait."""
    if event.get("Answer-State") == "hangup":
        return
    reason = event.get("CC-Cancel-Reason") or ""
    if reason == "EXIT_WITH_KEY":
        _exit_key(callers, leg, event.get("variable_cc_exit_key"), at)
    _rise(callers, leg, event, at)
    if reason in THROWN_OUT:
        callers.nobody_answered(leg, THROWN_OUT[reason], at, event.get("CC-Queue"))


def _exit_key(callers: EslCallers, leg: Leg, key: str | None, at: float) -> None:
    """The key that ended the wait, unless its DTMF event was seen."""
    if key and key != leg.key and leg.uniqueid in callers.callers:
        callers.facts.append(KeyPressed(callers.call_id(leg.uniqueid), at, key))


def _rise(callers: EslCallers, leg: Leg, event: Event, at: float) -> None:
    assert leg.seat is not None
    callers.picture.call_off(leg)
    left, leg.seat = leg.seat, None
    leg.left = Seat(left.queue, at)
    if event.get("Caller-Destination-Number") in PROMPTS:  # moved there, by us or by another daemon
        leg.prompt = leg.left
    callers.tell_around(leg, at)


def _fifo(callers: EslCallers, event: Event, at: float) -> None:
    """mod_fifo; ``abort`` comes with an exit key and with a hang-up."""
    leg = callers.leg(event.get("Unique-ID"))
    if leg is None or leg.ended_at is not None:
        return
    action, name = event.get("FIFO-Action"), event.get("FIFO-Name") or ""
    if action == "push":
        _sit(callers, leg, Seat(name, at), at)
    elif action in ("abort", "timeout") and leg.seat and event.get("Answer-State") != "hangup":
        _rise(callers, leg, event, at)
        if action == "timeout":
            callers.nobody_answered(leg, NoAnswer.QUEUE_TIMEOUT, at, name)


def _valet(callers: EslCallers, event: Event, at: float) -> None:
    """mod_valet_parking; ``exit`` comes also when the one who is parked has hung up."""
    leg = callers.leg(event.get("Unique-ID"))
    if leg is None or leg.ended_at is not None or event.get("Answer-State") == "hangup":
        return
    leg.parked_since = at if event.get("Action") == "hold" else None
    callers.tell_around(leg, at)


HANDLERS: dict[str, Handler] = {
    "callcenter::info": _callcenter,
    "fifo::info": _fifo,
    "valet_parking::info": _valet,
}
