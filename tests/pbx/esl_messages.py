"""Events as FreeSWITCH writes them, made for a test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

CORE = "06b2875a-f8ca-455f-8005-0f2bb81715b2"
CALLER, AGENT, OTHER = "caller-uuid", "agent-uuid", "other-uuid"
NUMBER, DID = "+12025550143", "+15551230100"
TRUNK, PHONE = "sofia/trunk/+12025550143@127.0.0.1", "sofia/internal/1001@127.0.0.1:5071"

Headers = dict[str, str]


def leg(uuid: str = CALLER, name: str = TRUNK, direction: str = "inbound", **changes: str) -> Headers:
    """The headers of a leg; ``changes`` by the header's own name, with ``_`` for ``-`` but in variables."""
    block = {
        "Channel-State": "CS_EXECUTE",
        "Channel-Name": name,
        "Unique-ID": uuid,
        "Call-Direction": direction,
        "Channel-Call-UUID": uuid,
        "Answer-State": "answered",
        "Caller-Caller-ID-Name": "Doe, Jane",
        "Caller-Caller-ID-Number": NUMBER,
        "Caller-Orig-Caller-ID-Number": NUMBER,
        "Caller-Destination-Number": DID,
        "Caller-Context": "public",
        "Caller-Channel-Bridged-Time": "0",
        "Caller-Privacy-Hide-Number": "false",
    }
    return block | {header(name): value for name, value in changes.items()}


def header(name: str) -> str:
    return name if name.startswith("variable_") else name.replace("_", "-")


def phone(uuid: str = AGENT, name: str = PHONE, origin: str | None = CALLER, **changes: str) -> Headers:
    """A leg of the house that rings for ``origin``."""
    inside = {"Caller_Context": "default", "Caller_Destination_Number": "1001"}
    block = leg(uuid, name, "outbound", **(inside | changes))
    return block | ({"variable_originating_leg_uuid": origin, "Other-Leg-Unique-ID": origin} if origin else {})


def agent(uuid: str = AGENT, member: str = CALLER, **changes: str) -> Headers:
    """An agent's leg that mod_callcenter rings for a member of a queue."""
    return phone(uuid, origin=None, **changes) | {"variable_cc_member_session_uuid": member}


def event(name: str, block: Mapping[str, str] | None = None, /, **more: str) -> Headers:
    """An event about a leg (the caller's, if none is given)."""
    custom = "::" in name
    head = {"Event-Subclass": name, "Event-Name": "CUSTOM"} if custom else {"Event-Name": name}
    head |= {"Core-UUID": CORE, "Event-Date-Timestamp": "1795286009419825"}
    return head | dict(leg() if block is None else block) | {header(key): value for key, value in more.items()}


def create(block: Mapping[str, str] | None = None, **more: str) -> Headers:
    return event("CHANNEL_CREATE", block, **({"Answer_State": "ringing"} | more))


def hangup(block: Mapping[str, str] | None = None, cause: str = "NORMAL_CLEARING") -> Headers:
    return event("CHANNEL_HANGUP", block, Answer_State="hangup", Hangup_Cause=cause)


def hung_up(
    block: Mapping[str, str] | None = None, cause: str = "NORMAL_CLEARING", by: str = "recv_bye", **more: str
) -> Headers:
    about = {"variable_sip_hangup_disposition": by, "Answer_State": "hangup", "Hangup_Cause": cause}
    return event("CHANNEL_HANGUP_COMPLETE", block, **about, **more)


def bridge(a: str = CALLER, b: str = AGENT, name: str = "CHANNEL_BRIDGE", a_name: str | None = None) -> Headers:
    """The event is about the first leg; the agent's is one of the house."""
    about = {"Bridge-A-Unique-ID": a, "Bridge-B-Unique-ID": b, "Other-Leg-Channel-Name": PHONE}
    shown = a_name or (PHONE if a == AGENT else TRUNK)
    return event(name, leg(a, shown, "inbound" if shown == TRUNK else "outbound") | about)


def unbridge(a: str = CALLER, b: str = AGENT) -> Headers:
    return bridge(a, b, "CHANNEL_UNBRIDGE")


def queue(action: str, uuid: str = CALLER, name: str = "support", ticket: str = "ticket-1", **more: str) -> Headers:
    """An event of mod_callcenter about a member."""
    about = {"CC-Queue": name, "CC-Action": action, "CC-Member-UUID": ticket, "CC-Member-Session-UUID": uuid}
    return event("callcenter::info", leg(uuid) | about, **more)


def join(uuid: str = CALLER, name: str = "support", ticket: str = "ticket-1") -> Headers:
    return queue("member-queue-start", uuid, name, ticket)


def leave(reason: str, uuid: str = CALLER, ticket: str = "ticket-1", **more: str) -> Headers:
    about = {"CC_Cause": "Cancel", "CC_Cancel_Reason": reason}
    return queue("member-queue-end", uuid, ticket=ticket, **about, **more)


def dtmf(digit: str, block: Mapping[str, str] | None = None) -> Headers:
    return event("DTMF", block, DTMF_Digit=digit, DTMF_Source="RTP")


def plain(headers: Mapping[str, str]) -> bytes:
    """The body of a plain event: every value is percent-encoded."""
    return "".join(f"{name}: {quote(value, safe='/,()')}\n" for name, value in headers.items()).encode() + b"\n"


def frame(body: bytes, kind: str = "text/event-plain") -> bytes:
    return b"Content-Length: %d\nContent-Type: %s\n\n%s" % (len(body), kind.encode(), body)


def raw(headers: Mapping[str, str]) -> bytes:
    """An event on the wire."""
    return frame(plain(headers))


def raw_json(headers: Mapping[str, str]) -> bytes:
    """The same as a JSON event, without a blank, as FreeSWITCH writes it."""
    body = json.dumps(headers, separators=(",", ":"), ensure_ascii=False)
    return frame(body.encode("utf-8", "surrogateescape"), "text/event-json")


def row(uuid: str = CALLER, name: str = TRUNK, direction: str = "inbound", **changes: str) -> Headers:
    """A row of ``show channels as json``."""
    block = {
        "uuid": uuid,
        "direction": direction,
        "created_epoch": "1795281600",
        "name": name,
        "state": "CS_EXECUTE",
        "cid_num": NUMBER,
        "dest": DID,
        "application": "callcenter",
        "application_data": "support",
        "context": "public",
        "callstate": "ACTIVE",
        "call_uuid": "",
        "initial_cid_num": NUMBER,
        "initial_dest": DID,
        "initial_context": "public",
    }
    return block | changes


def member(uuid: str = CALLER, joined: str = "1795281620", **changes: str) -> Headers:
    """A row of a queue's members."""
    block = {
        "queue": "support",
        "uuid": "ticket-1",
        "session_uuid": uuid,
        "joined_epoch": joined,
        "base_score": "0",
        "state": "Waiting",
    }
    return block | changes
