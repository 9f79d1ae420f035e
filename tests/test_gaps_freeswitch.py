"""A link to FreeSWITCH that is down for a while, laid over every recorded call: nothing is made up afterwards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import recordings
from tests.test_gaps import ended, gets_text, without_keys
from tests.test_stories import FREESWITCH
from textback.events import CallLost, Fact, LinkLost, LinkSynced, Talking
from textback.following import translator_of
from textback.model import Disposition
from textback.pbx.esl_event import JsonEvent, PlainEvent
from textback.pbx.esl_facts import Translator
from textback.pbx.esl_frames import Frame, Frames
from textback.pbx.esl_leg import Leg
from textback.pbx.esl_reader import Reader, is_event, is_wanted
from textback.pbx.esl_resync import Resync
from textback.pbx.esl_snapshot import Row, Snapshot
from textback.pbx.sight import last_seen

_TIME = re.compile(rb"\nEvent-Date-Timestamp: (\d+)")
_LINE = re.compile(rb"^([^:\n]+): ", re.MULTILINE)
STORIES = recordings.names("freeswitch")


@dataclass(frozen=True)
class Story:
    """The events of a recording that the daemon would hear, and the time of each."""

    events: tuple[Frame, ...]
    times: tuple[float, ...]


@cache
def story(name: str) -> Story:
    frames = [one for one in Frames().feed(recordings.read("freeswitch", name)) if is_event(one) and is_wanted(one)]
    times, at = [], 0.0
    for frame in frames:
        found = _TIME.search(frame.body)
        at = max(at, int(found[1]) / 1e6 if found else at)
        times.append(at)
    return Story(tuple(frames), tuple(times))


def translator() -> Translator:
    made = translator_of(FREESWITCH)
    assert isinstance(made, Translator)
    return made


def run(told: Story, first: int, last: int, pbx: Translator) -> list[Fact]:
    """The facts of the events from ``first`` up to ``last``."""
    facts: list[Fact] = []
    reader = Reader(pbx, facts.append)
    for frame, at in zip(told.events[first:last], told.times[first:last], strict=True):
        reader.take(frame, at)
    if last == len(told.events) and told.times:
        reader.settle(told.times[-1] + 60)
    assert not reader.faults
    return facts


def snapshot(told: Story, end: int) -> Snapshot:
    """What FreeSWITCH would answer after ``end`` events, from what they have told by then."""
    pbx = translator()
    run(told, 0, end, pbx)
    pbx.settle(told.times[end - 1] + 0.2)  # what the translator waits to be sure of, the PBX knows
    seen = _headers(told.events[:end])
    legs = [leg for leg in pbx.picture.channels.values() if isinstance(leg, Leg) and leg.uniqueid in seen]
    alive = [leg for leg in legs if leg.ended_at is None]
    consulting = {leg.consults_for for leg in alive}
    channels = [_row(leg, seen[leg.uniqueid], leg.uniqueid in consulting) for leg in alive]
    dumps = {
        leg.uniqueid: JsonEvent(seen[leg.uniqueid] | {"Event-Date-Timestamp": str(int(told.times[end - 1] * 1e6))})
        for leg in alive
    }
    pairs = [sorted(leg.bridge.split(" ")) for leg in alive if leg.bridge]
    calls = [{"uuid": a, "b_uuid": b} for a, b in {tuple(pair) for pair in pairs}]
    members = [_member(leg) for leg in alive if leg.seat and leg.seat.ticket]
    return Snapshot(channels, calls, dumps, members)


def _headers(events: Sequence[Frame]) -> dict[str, dict[str, str]]:
    """Of each leg what its events have told, the newest of each header; the context also as it was first."""
    found: dict[str, dict[str, str]] = {}
    for frame in events:
        event = PlainEvent(frame.body)
        uuid = event.get("Unique-ID")
        if uuid:
            names = [one.decode() for one in _LINE.findall(frame.body.partition(b"\n\n")[0])]
            told = {name: event.get(name) or "" for name in names if not name.startswith(("Event-", "CC-"))}
            found[uuid] = found.get(uuid, {"first": told.get("Caller-Context", "")}) | told
    return found


def _row(leg: Leg, seen: dict[str, str], is_consulting: bool) -> Row:
    """As measured: who consults somebody (att_xfer) is ACTIVE, and so is the caller who hears music meanwhile."""
    is_held = leg.holding_since is not None and not is_consulting
    state = "HELD" if is_held else "EARLY" if leg.is_early else "ACTIVE" if leg.is_answered or leg.bridge else "RINGING"
    seat, application, data = leg.seat, seen.get("variable_current_application", ""), ""
    if leg.parked_since is not None:
        application, data = "valet_park", "lot 6001"
    elif seat:
        application, data = ("callcenter", seat.queue) if seat.ticket else ("fifo", f"{seat.queue} in")
    elif is_consulting:
        application, data = "att_xfer", "x"
    elif leg.bridge:
        application, data = "uuid_bridge", "x"
    elif leg.legs:
        application, data = "bridge", "x"
    return {
        "uuid": leg.uniqueid,
        "direction": "inbound" if leg.is_inbound else "outbound",
        "name": leg.name,
        "application": application,
        "application_data": data,
        "callstate": state,
        "call_uuid": leg.rings_for or "",
        "initial_cid_num": leg.number or "",
        "initial_dest": leg.destination or "",
        "initial_context": seen["first"],
    }


def _member(leg: Leg) -> Row:
    assert leg.seat is not None
    joined = str(int(leg.seat.since))
    ticket = {"queue": leg.seat.queue, "uuid": leg.seat.ticket or "", "session_uuid": leg.uniqueid}
    return ticket | {"joined_epoch": joined, "state": "Waiting"}


def with_gap(told: Story, begin: int, end: int) -> list[Fact]:
    """The facts where the link was down between two events."""
    before, after = translator(), translator()
    facts = run(told, 0, begin, before)
    known = last_seen(before)
    at = told.times[end - 1]
    facts.append(LinkLost("", told.times[begin - 1], "freeswitch"))
    resynced = Resync(after, known).apply(snapshot(told, end), at)
    facts += [CallLost(f"freeswitch/{uuid}", at) for uuid in resynced.gone]
    facts += [*resynced.facts, LinkSynced("", at, "freeswitch")]
    return facts + run(told, end, len(told.events), after)


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_gap_makes_nothing_up(name: str, data: st.DataObject) -> None:
    told = story(name)
    begin = data.draw(st.integers(1, len(told.events)), label="begin")
    end = data.draw(st.integers(begin, len(told.events)), label="end")
    check(told, begin, end)


def check(told: Story, begin: int, end: int) -> None:
    whole_facts = run(told, 0, len(told.events), translator())
    whole = ended(whole_facts)
    deaf = ended(without_keys(whole_facts, told.times[begin - 1], told.times[end - 1]))
    for call_id, call in ended(with_gap(told, begin, end)).items():
        assert call_id in whole, "a phantom call"
        possible = {Disposition.LOST, whole[call_id].disposition, deaf[call_id].disposition}
        if any(isinstance(fact, Talking) and fact.call_id == call_id for fact in whole_facts):
            possible.add(Disposition.ANSWERED)  # no list tells that who is bridged hears music; no text comes of it
        assert call.disposition in possible, (call, whole[call_id])
        if gets_text(call):
            assert gets_text(whole[call_id]) or gets_text(deaf[call_id]), (call, whole[call_id])


@pytest.mark.parametrize("name", STORIES)
def test_a_link_that_is_back_at_once_loses_no_caller(name: str) -> None:
    """Not the same disposition everywhere: nobody can tell such a gap from one that hides an answer."""
    told = story(name)
    whole = ended(run(told, 0, len(told.events), translator()))
    for place in range(1, len(told.events), 5):
        assert set(ended(with_gap(told, place, place))) == set(whole), place
