"""The channels that are up now, and the event that each change of them makes."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Sequence

from textback.clock import Clock
from textback.demo.blocks import UNKNOWN, Headers, event
from textback.demo.channels import RING, RINGING, UP, Bridge, Channel, Phone

#: Takes an event's class, such as ``call``, and its bytes.
Emit = Callable[[str, bytes], None]

_CAUSES = {0: "Unknown", 16: "Normal Clearing", 17: "User busy", 127: "Interworking, unspecified"}


class Switchboard:
    """Every method is one thing that happens to a channel, and tells the listeners what Asterisk 22 would say of it."""

    def __init__(self, clock: Clock, channelvars: bool = False) -> None:
        self.clock = clock
        self.channelvars = channelvars
        self.listeners: list[Emit] = []
        self.channels: dict[str, Channel] = {}
        self._serial = itertools.count(1)
        self._bridges = itertools.count(1)

    def tell(self, name: str, privilege: str, *parts: Sequence[tuple[str, str]]) -> None:
        """Send one event made of these parts."""
        headers: Headers = [header for part in parts for header in part]
        block = event(name, privilege, headers)
        for hear in self.listeners:
            hear(privilege, block)

    def caller_arrives(self, device: str, caller: tuple[str, str], context: str, exten: str) -> Channel:
        """A channel that calls in: from outside over a trunk, or from a phone of the house."""
        channel = self._open(device, RING, caller, context, exten, None)
        channel.dnid = exten
        return channel

    def leg(self, device: str, party: tuple[str, str], context: str, caller: Channel) -> Channel:
        """A channel that the PBX opens to a phone or to the trunk on a caller's behalf."""
        return self._open(device, 0, party, context, "s", caller)

    def state(self, channel: Channel, state: int) -> None:
        """The channel rings or is up."""
        channel.state = state
        self.tell("Newstate", "call", channel.headers())

    def variable(self, channel: Channel, name: str, value: str) -> None:
        """The dialplan or an application sets a variable."""
        channel.variables[name] = value
        self.tell("VarSet", "dialplan", channel.headers(), [("Variable", name), ("Value", value)])

    def caller_id(self, channel: Channel, number: str) -> None:
        """The channel gets a caller number after it was opened (a leg over the trunk)."""
        channel.number = number
        presentation = ("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")
        self.tell("NewCallerid", "call", channel.headers(), [presentation])

    def connected(self, channel: Channel, other: tuple[str, str]) -> None:
        """The channel is told who is at the other end."""
        channel.connected = other
        self.tell("NewConnectedLine", "call", channel.headers())

    def dial(self, step: str, caller: Channel, callee: Channel, *rest: tuple[str, str]) -> None:
        """``DialBegin``, ``DialState`` or ``DialEnd`` between two channels."""
        self.tell(step, "call", caller.headers(), callee.headers("Dest"), rest)

    def key(self, channel: Channel, digit: str) -> None:
        """The caller presses a key (RFC 4733: begin and end)."""
        received = ("Direction", "Received")
        self.tell("DTMFBegin", "dtmf", channel.headers(), [("Digit", digit), received])
        self.tell("DTMFEnd", "dtmf", channel.headers(), [("Digit", digit), ("DurationMs", "280"), received])

    def talk(self, first: Channel, second: Channel) -> Bridge:
        """A bridge with two people in it."""
        bridge = Bridge(str(uuid.UUID(int=next(self._bridges))))
        self.tell("BridgeCreate", "call", bridge.headers())
        for channel in (first, second):
            channel.bridge = bridge
            bridge.channels += 1
            self.tell("BridgeEnter", "call", bridge.headers(), channel.headers())
        return bridge

    def leave_bridge(self, channel: Channel) -> None:
        """One of them is gone; the last one to go destroys the bridge."""
        bridge, channel.bridge = channel.bridge, None
        if bridge is None:
            return
        bridge.channels -= 1
        self.tell("BridgeLeave", "call", bridge.headers(), channel.headers())
        if not bridge.channels:
            self.tell("BridgeDestroy", "call", bridge.headers())

    def far_end_hangs_up(self, channel: Channel, *why: tuple[str, str]) -> None:
        """The phone or the trunk ended the leg."""
        self.tell("HangupRequest", "call", channel.headers(), why)

    def pbx_hangs_up(self, channel: Channel, *why: tuple[str, str]) -> None:
        """The PBX takes the leg down, whoever asked for it."""
        self.tell("SoftHangupRequest", "call", channel.headers(), [("Cause", "16"), *why])

    def gone(self, channel: Channel, cause: int, *why: tuple[str, str]) -> None:
        """The channel is no more."""
        self.channels.pop(channel.uniqueid, None)
        text = [("Cause", str(cause)), ("Cause-txt", _CAUSES[cause]), *why]
        self.tell("Hangup", "call", channel.headers(), text)

    def free(self, phones: Sequence[Phone]) -> Phone:
        """The first phone without a call, or the one with the fewest."""
        return min(phones, key=lambda phone: len(self.calls_of(phone)))

    def calls_of(self, phone: Phone) -> list[Channel]:
        """The channels of one phone."""
        return [channel for channel in self.channels.values() if channel.name.startswith(f"{phone.device}-")]

    def device_state(self, phone: Phone) -> str:
        """A queue member's ``Status``: 1 not in use, 3 busy, 6 ringing."""
        states = {channel.state for channel in self.calls_of(phone)}
        if UP in states:
            return "3"
        return "6" if RINGING in states else "1"

    def _open(
        self, device: str, state: int, who: tuple[str, str], context: str, exten: str, caller: Channel | None
    ) -> Channel:
        serial, now = next(self._serial), self.clock()
        uniqueid = f"{int(now)}.{serial}"
        channel = Channel(
            f"{device}-{serial:08x}", uniqueid, caller.linkedid if caller else uniqueid, state,
            who[0] or UNKNOWN, who[1] or UNKNOWN, context, exten, now,
        )
        if self.channelvars:
            channel.shown = "allowed_not_screened" if who[0] else "unavailable"
        self.channels[uniqueid] = channel
        self.tell("Newchannel", "call", channel.headers())
        return channel
