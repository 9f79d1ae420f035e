"""AMI messages as Asterisk writes them, made for a test: the channel block is always whole."""

from __future__ import annotations

from textback.pbx.wire import Headers

TRUNK, AGENT = "PJSIP/trunk-00000001", "PJSIP/agent1-00000002"
CALLER, LEG, OTHER = "1795286696.3", "1795286697.4", "1795286694.2"
CLASSES = {"DTMFEnd": "dtmf", "VarSet": "dialplan", "Newexten": "dialplan", "QueueCallerJoin": "agent"}


def channel(uniqueid: str = CALLER, name: str = TRUNK, prefix: str = "", **changes: str) -> Headers:
    """A channel block; ``changes`` by the header's own name (``CallerIDNum="…"``)."""
    block = {
        "Channel": name,
        "ChannelState": "6",
        "ChannelStateDesc": "Up",
        "CallerIDNum": "15559870280",
        "CallerIDName": "<unknown>",
        "ConnectedLineNum": "<unknown>",
        "ConnectedLineName": "<unknown>",
        "Language": "en",
        "AccountCode": "",
        "Context": "from-trunk",
        "Exten": "15551230100",
        "Priority": "1",
        "Uniqueid": uniqueid,
        "Linkedid": uniqueid,
    }
    assert set(changes) <= set(block), changes
    return {prefix + name: value for name, value in (block | changes).items()}


def event(name: str, block: Headers | None = None, /, **more: str) -> Headers:
    """An event with that channel block (a caller's, if none is given) and further headers behind it."""
    head = {"Event": name, "Privilege": f"{CLASSES.get(name, 'call')},all"}
    return head | (channel() if block is None else block) | more


def newchannel(uniqueid: str = CALLER, name: str = TRUNK, **changes: str) -> Headers:
    """Somebody calls in."""
    return event("Newchannel", channel(uniqueid, name, **({"ChannelState": "4", "ChannelStateDesc": "Ring"} | changes)))


def bridge_enter(uniqueid: str, name: str, bridge: str = "b-1", technology: str = "simple_bridge") -> Headers:
    head = {"Event": "BridgeEnter", "Privilege": "call,all", "BridgeUniqueid": bridge, "BridgeTechnology": technology}
    return head | channel(uniqueid, name)


def dial(name: str, caller: Headers | None, leg: Headers, **more: str) -> Headers:
    """DialBegin or DialEnd; ``caller`` None as for an Originate."""
    return event(name, {**(caller or {}), **{"Dest" + header: value for header, value in leg.items()}}, **more)


def raw(headers: Headers) -> bytes:
    """The bytes of a message; a value is written as it is, line ends and all."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n"


def show_channel(action_id: str, block: Headers, application: str = "Queue", bridge: str = "") -> Headers:
    """An item of CoreShowChannels."""
    head = {"Event": "CoreShowChannel", "ActionID": action_id}
    tail = {"Application": application, "ApplicationData": "", "Duration": "00:01:05", "BridgeId": bridge}
    return head | block | tail


def status(action_id: str, block: Headers, did: str = "15551230100") -> Headers:
    """An item of Status."""
    head = {"Event": "Status", "Privilege": "Call"}
    tail = {"Type": "PJSIP", "DNID": did, "EffectiveConnectedLineNum": "<unknown>", "Seconds": "65"}
    return head | block | tail | {"ActionID": action_id}


def queue_entry(action_id: str, uniqueid: str = CALLER, number: str = "15559870280", wait: str = "42") -> Headers:
    """An item of QueueStatus."""
    return {
        "Event": "QueueEntry",
        "Queue": "support",
        "Position": "1",
        "Channel": TRUNK,
        "Uniqueid": uniqueid,
        "CallerIDNum": number,
        "CallerIDName": "unknown",
        "ConnectedLineNum": "unknown",
        "ConnectedLineName": "unknown",
        "Wait": wait,
        "Priority": "0",
        "ActionID": action_id,
    }
