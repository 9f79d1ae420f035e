"""What a channel, a bridge and a phone look like in AMI headers (Asterisk 22)."""

from __future__ import annotations

from dataclasses import dataclass, field

from textback.demo.blocks import UNKNOWN, Headers

DOWN, RING, RINGING, UP = 0, 4, 5, 6

_STATES = {DOWN: "Down", RING: "Ring", RINGING: "Ringing", UP: "Up"}


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone in the house: ``device`` is its name in the PBX, such as ``PJSIP/agent1``."""

    device: str
    number: str
    name: str


@dataclass(slots=True)
class Bridge:
    """Where two channels talk."""

    uniqueid: str
    channels: int = 0

    def headers(self) -> Headers:
        """The bridge's part of a bridge event."""
        return [
            ("BridgeUniqueid", self.uniqueid),
            ("BridgeType", "basic"),
            ("BridgeTechnology", "simple_bridge"),
            ("BridgeCreator", UNKNOWN),
            ("BridgeName", UNKNOWN),
            ("BridgeNumChannels", str(self.channels)),
            ("BridgeVideoSourceMode", "none"),
        ]


@dataclass(slots=True)
class Channel:
    """One leg of a call as the PBX sees it now; ``created`` in epoch seconds."""

    name: str
    uniqueid: str
    linkedid: str
    state: int
    number: str
    caller_name: str
    context: str
    exten: str
    created: float
    priority: int = 1
    connected: tuple[str, str] = (UNKNOWN, UNKNOWN)
    dnid: str = ""
    application: tuple[str, str] = ("", "")
    bridge: Bridge | None = None
    variables: dict[str, str] = field(default_factory=dict)
    #: CALLERID(pres), where ``channelvars`` of manager.conf asks for it
    shown: str = ""

    def headers(self, prefix: str = "") -> Headers:
        """The headers that every channel event carries, each name with ``prefix``: fourteen, and the channelvars."""
        values = (
            ("Channel", self.name),
            ("ChannelState", str(self.state)),
            ("ChannelStateDesc", _STATES[self.state]),
            ("CallerIDNum", self.number),
            ("CallerIDName", self.caller_name),
            ("ConnectedLineNum", self.connected[0]),
            ("ConnectedLineName", self.connected[1]),
            ("Language", "en"),
            ("AccountCode", ""),
            ("Context", self.context),
            ("Exten", self.exten),
            ("Priority", str(self.priority)),
            ("Uniqueid", self.uniqueid),
            ("Linkedid", self.linkedid),
        )
        added = [("ChanVariable", f"CALLERID(pres)={self.shown}")] if self.shown else []
        return [(prefix + name, value) for name, value in (*values, *added)]

    def listed(self, now: float) -> Headers:
        """This channel as an item of ``CoreShowChannels``."""
        seconds = int(now - self.created)
        return [
            ("Event", "CoreShowChannel"),
            *self.headers(),
            ("Application", self.application[0]),
            ("ApplicationData", self.application[1]),
            ("Duration", f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"),
            ("BridgeId", self.bridge.uniqueid if self.bridge else ""),
        ]

    def status(self, now: float, variables: list[str]) -> Headers:
        """This channel as an item of ``Status``, with the ``variables`` that were asked for."""
        return [
            ("Event", "Status"),
            ("Privilege", "Call"),
            *self.headers(),
            ("Type", "PJSIP"),
            ("DNID", self.dnid),
            ("EffectiveConnectedLineNum", self.connected[0]),
            ("EffectiveConnectedLineName", self.connected[1]),
            ("TimeToHangup", "0"),
            ("BridgeID", self.bridge.uniqueid if self.bridge else ""),
            ("Application", self.application[0]),
            ("Data", self.application[1]),
            *_MEDIA,
            ("Seconds", str(int(now - self.created))),
            *(("Variable", f"{name}={self.variables.get(name, '(null)')}") for name in variables),
        ]


_MEDIA: Headers = [
    ("Nativeformats", "(ulaw)"),
    ("Readformat", "ulaw"),
    ("Readtrans", ""),
    ("Writeformat", "ulaw"),
    ("Writetrans", ""),
    ("Callgroup", "0"),
    ("Pickupgroup", "0"),
]
