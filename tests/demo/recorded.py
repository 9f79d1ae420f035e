"""Recorded and simulated calls brought to one form, so that they can be laid side by side."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

STORIES = Path(__file__).parents[1] / "stories" / "asterisk22"

Event = list[tuple[str, str]]

# What a PBX set up as the README says does not send
_UNWANTED = {
    "Newexten", "TestEvent", "Cdr", "SuccessfulAuth", "RTCPSent", "RTCPReceived", "FullyBooted",
    "DeviceStateChange", "ExtensionStatus", "QueueMemberPause", "QueueMemberStatus",
}
# What differs from run to run of the same call on the real PBX, or between its trunk and ours
_BY_CHANCE = {"HoldTime", "RingTime", "TalkTime", "BridgeTechnology", "DurationMs"}


def story(name: str) -> list[Event]:
    """The events of a recorded story that our subscription lets through."""
    return wanted(gzip.decompress((STORIES / f"{name}.ami.gz").read_bytes()))


def wanted(stream: bytes) -> list[Event]:
    events = [_headers(block) for block in stream.decode().split("\r\n\r\n")]
    return [event for event in events if event and _is_wanted(dict(event))]


def alike(events: Iterable[Event]) -> list[Event]:
    """The events with ids numbered in order of appearance, and without what is up to chance."""
    ids: dict[str, str] = {}
    return [[(name, _plain(name, value, ids)) for name, value in event] for event in events]


def by_subject(events: Iterable[Event]) -> dict[str, list[Event]]:
    """The events of each channel and bridge: only their order is fixed on a real PBX."""
    subjects: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        headers = dict(event)
        subjects[headers.get("Uniqueid") or headers["BridgeUniqueid"]].append(event)
    return dict(subjects)


def names(events: Iterable[Event]) -> list[str]:
    return [event[0][1] for event in events]


def _headers(block: str) -> Event:
    pairs = (line.partition(":") for line in block.split("\r\n") if line)
    return [(name, value.lstrip(" ")) for name, _, value in pairs]


def _is_wanted(event: dict[str, str]) -> bool:
    if event.get("Event") == "VarSet":
        return event["Variable"] in ("QUEUESTATUS", "DIALSTATUS")
    return "Event" in event and event["Event"] not in _UNWANTED


def _plain(name: str, value: str, ids: dict[str, str]) -> str:
    if name in _BY_CHANCE:
        return "*"
    if name.endswith(("Uniqueid", "Linkedid")):
        return ids.setdefault(value, f"#{len(ids) + 1}")
    if name.endswith("Channel"):
        return value.rpartition("-")[0]
    return "trunk" if name == "DialString" and value.startswith("trunk/") else value
