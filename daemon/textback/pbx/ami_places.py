"""What Asterisk tells about where channels are: in a bridge, on hold, in a queue, in a parking lot."""

from __future__ import annotations

from collections.abc import Callable

from textback.pbx.ami_callers import AmiCallers
from textback.pbx.channel import Channel, Seat
from textback.pbx.dialplan import PROMPTS
from textback.pbx.wire import Headers

UP = "6"  # ChannelState


def _bridge_enter(callers: AmiCallers, event: Headers, at: float) -> None:
    picture = callers.picture
    channel = picture.add(event["Uniqueid"], event["Channel"])
    left = picture.connected(channel)
    picture.enter(channel, event["BridgeUniqueid"], event["BridgeTechnology"] == "holding_bridge")
    callers.tell({c.uniqueid: c for c in [*left, *picture.connected(channel)]}.values(), at)
    callers.catch_up(channel, at)


def _bridge_leave(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.get(event["Uniqueid"])
    if channel and channel.bridge == event["BridgeUniqueid"]:
        left = callers.picture.connected(channel)
        callers.picture.leave(channel)
        callers.tell(left, at)


def _hold(callers: AmiCallers, event: Headers, at: float, since: float | None) -> None:
    channel = callers.picture.get(event["Uniqueid"])
    if channel:
        channel.holding_since = since
        callers.tell_around(channel, at)


def _music(callers: AmiCallers, event: Headers, at: float, since: float | None) -> None:
    channel = callers.picture.get(event["Uniqueid"])
    if channel:
        channel.music_since = since
        if channel.bridge:  # else it plays in a queue, or a menu, and says nothing
            callers.tell_around(channel, at)


def _queue_join(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.add(event["Uniqueid"], event["Channel"])
    if channel.seat is None or channel.seat.queue != event["Queue"]:
        channel.seat = Seat(event["Queue"], at, _position(event))
    channel.is_elsewhere()
    channel.is_up = event.get("ChannelState") == UP
    callers.tell_around(channel, at)


def _position(event: Headers) -> int | None:
    position = event.get("Position", "")
    return int(position) if position.isdecimal() else None


def _queue_leave(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.get(event["Uniqueid"])
    if channel:
        if channel.uniqueid in callers.unconfirmed:  # nobody saw them come, but they sat there until now
            channel.seat = Seat(event.get("Queue", ""), at)
            callers.tell_around(channel, at)
        callers.picture.call_off(channel)
        channel.seat = None
        # who has hung up is moved nowhere any more
        channel.left = None if channel.hangup_requested else Seat(event.get("Queue", ""), at, _position(event))
        channel.prompt = channel.left if channel.moved else None
        find_in_prompt(callers, channel, event, at)
        callers.tell_around(channel, at)


def find_in_prompt(callers: AmiCallers, channel: Channel, event: Headers, at: float) -> None:
    """Whoever has left a queue, and is next seen in a prompt of ours, was moved there (by another daemon, say).

    Asterisk 22 shows it with the end of the wait already, 16 only with what comes next.
    """
    if channel.left and channel.prompt is None and event.get("Context") in PROMPTS:
        channel.prompt = channel.left
        callers.tell([channel], at)


def _attended_transfer(callers: AmiCallers, event: Headers, at: float) -> None:
    """A consult call into a queue is completed: the caller takes the seat, and the time waited in it."""
    if event.get("DestType") != "App" or "TransfereeUniqueid" not in event:
        return
    consult = callers.picture.get(event["SecondTransfererUniqueid"])
    caller = callers.picture.get(event["TransfereeUniqueid"])
    if consult and caller and (consult.seat or consult.legs):
        caller.seat, consult.seat = consult.seat, None
        callers.picture.call_off(consult, caller)
        for leg in [callers.picture.get(leg) for leg in consult.legs]:
            if leg:
                callers.picture.ring(caller, leg)
        callers.picture.leave(caller)
        callers.tell_around(caller, at)


def _park(callers: AmiCallers, event: Headers, at: float, since: float | None) -> None:
    channel = callers.picture.get(event["ParkeeUniqueid"])
    if channel:
        channel.parked_since = since
        callers.tell_around(channel, at)


HANDLERS: dict[str, Callable[[AmiCallers, Headers, float], None]] = {
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "Hold": lambda callers, event, at: _hold(callers, event, at, at),
    "Unhold": lambda callers, event, at: _hold(callers, event, at, None),
    "MusicOnHoldStart": lambda callers, event, at: _music(callers, event, at, at),
    "MusicOnHoldStop": lambda callers, event, at: _music(callers, event, at, None),
    "QueueCallerJoin": _queue_join,
    "QueueCallerLeave": _queue_leave,
    "AttendedTransfer": _attended_transfer,
    "ParkedCall": lambda callers, event, at: _park(callers, event, at, at),
    "UnParkedCall": lambda callers, event, at: _park(callers, event, at, None),
    "ParkedCallTimeOut": lambda callers, event, at: _park(callers, event, at, None),
    "ParkedCallGiveUp": lambda callers, event, at: _park(callers, event, at, None),
}
