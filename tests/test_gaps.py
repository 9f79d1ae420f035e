"""A link that is down for a while, laid over every recorded call at every place: nothing is made up afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import recordings
from tests.test_stories import AMI_STORIES as STORIES, PRACTICE, translator
from textback.call import Call, Outcome, Rules, advance, arrive
from textback.directory import Directory
from textback.events import CallerArrived, CallLost, Fact, KeyPressed, LinkLost, LinkSynced, TextGiven
from textback.model import Disposition
from textback.pbx.sight import last_seen
from textback.pbx.ami_callers import position
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_reader import Reader
from textback.pbx.ami_resync import TALKING, Resync, Snapshot
from textback.pbx.picture import NOTHING
from textback.pbx.wire import Headers
from textback.policy import flow_of

RULES = Rules(key="5", after=30.0)
END = b"\r\n\r\n"
#: what CoreShowChannel and Status say of a channel
SHOWN = ("Channel", "ChannelState", "CallerIDNum", "CallerIDName", "Language", "Context", "Exten", "Priority")
HOME = Directory([PRACTICE]).home("asterisk", None, None)


@dataclass
class Story:
    """A recording in blocks, the time of each, and what is true on the PBX after each."""

    blocks: list[bytes]
    times: list[float]

    @classmethod
    def read(cls, pbx: str, name: str, folder: Path) -> Story:
        path = recordings.unpack(pbx, name, folder)
        data = path.read_bytes()
        marks = [json.loads(line) for line in path.with_suffix(".idx").read_text().splitlines()]
        blocks = [block + END for block in data.split(END) if block]
        times, position, mark = [], 0, 0
        for block in blocks:
            position += len(block)
            while mark + 1 < len(marks) and marks[mark + 1][1] < position:
                mark += 1
            times.append(marks[mark][0])
        return cls(blocks, times)


def run(story: Story, first: int, last: int, pbx: Translator) -> list[Fact]:
    """The facts of the blocks from ``first`` up to ``last``."""
    facts: list[Fact] = []
    reader = Reader(pbx, facts.append)
    for block, at in zip(story.blocks[first:last], story.times[first:last], strict=True):
        reader.feed(block, at)
    reader.settle()
    return facts


def snapshot(story: Story, end: int) -> Snapshot:
    """What Asterisk would answer after ``end`` blocks, from what its events have told by then."""
    pbx = translator()
    run(story, 0, end, pbx)
    last = dict(_last_events(story.blocks[:end]))
    at = story.times[end - 1]
    channels, status, queues = [], [], []
    for uniqueid, channel in pbx.picture.channels.items():
        if uniqueid not in last:
            continue  # a forger's: Asterisk would list it, and the reader would drop it
        row = last[uniqueid] | {"Event": "CoreShowChannel", "BridgeId": channel.bridge or ""}
        channels.append(row)
        status.append(row | {"Event": "Status", "DNID": row["DID"]})
        if channel.seat:
            wait = str(int(at - channel.seat.since))
            queues.append({"Event": "QueueEntry", "Queue": channel.seat.queue, "Uniqueid": uniqueid, "Wait": wait})
        if channel.parked_since is not None:
            row["Application"] = "Park"
    return Snapshot(channels, status, queues)


def _last_events(blocks: Sequence[bytes]) -> Iterator[tuple[str, Headers]]:
    """Of each channel the newest channel block, its dialled number, and when it was made."""
    rows: dict[str, Headers] = {}
    for block in blocks:
        headers = dict(line.partition(": ")[::2] for line in block.decode("utf-8", "replace").split("\r\n"))
        for prefix in ("Dest", ""):
            uniqueid = headers.get(f"{prefix}Uniqueid", "")
            if not uniqueid or f"{prefix}Linkedid" not in headers or f"{prefix}Channel" not in headers:
                continue
            row = {name: headers.get(prefix + name, "") for name in SHOWN}
            row |= {"Uniqueid": uniqueid, "Linkedid": headers[f"{prefix}Linkedid"], "Duration": "00:00:00"}
            old = rows.get(uniqueid, {})
            application = headers.get("Application") if prefix == "" and "AppData" in headers else None
            row |= {"DID": old.get("DID") or _did(row), "Application": application or old.get("Application", "")}
            rows[uniqueid] = row
    yield from rows.items()


def _did(row: Headers) -> str:
    return row["Exten"] if row["ChannelState"] == "4" and row["Uniqueid"] == row["Linkedid"] else ""


def with_gap(story: Story, begin: int, end: int) -> list[Fact]:
    """The facts where the link was down between two blocks."""
    before, after = translator(), translator()
    facts = run(story, 0, begin, before)
    known = last_seen(before)
    at = story.times[end - 1]
    facts.append(LinkLost("", story.times[begin - 1], "asterisk"))
    resynced = Resync(after, known).apply(snapshot(story, end), at)
    facts += [CallLost(f"asterisk/{uniqueid}", at) for uniqueid in resynced.gone]
    facts += [*resynced.facts, LinkSynced("", at, "asterisk")]
    return facts + run(story, end, len(story.blocks), after)


def ended(facts: Sequence[Fact]) -> dict[str, Call]:
    """The calls as the machine leaves them, every asked text given."""
    calls: dict[str, Call] = {}
    for fact in facts:
        if isinstance(fact, CallerArrived):
            calls.setdefault(fact.call_id, arrive(fact))
        elif fact.call_id in calls:
            call, outcomes = advance(calls[fact.call_id], fact, RULES)
            if Outcome.TEXT_ASKED in outcomes:
                call, _ = advance(call, TextGiven(call.id, fact.at), RULES)
            calls[fact.call_id] = call
    return calls


def gets_text(call: Call) -> bool:
    return call.texted or flow_of(call, HOME) is not None


def without_keys(facts: Sequence[Fact], begin: float, end: float) -> list[Fact]:
    return [fact for fact in facts if not isinstance(fact, KeyPressed) or not begin <= fact.at <= end]


@pytest.mark.parametrize(("pbx", "name"), STORIES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_gap_makes_nothing_up(pbx: str, name: str, tmp_path: Path, data: st.DataObject) -> None:
    story = Story.read(pbx, name, tmp_path)
    count = len(story.blocks)
    begin = data.draw(st.integers(1, count), label="begin")
    end = data.draw(st.integers(begin, count), label="end")
    check(story, begin, end, name.startswith(BEHIND_A_HALF))


#: what one half of a Local channel has learned before a caller is connected with the other one, or whom a consultation
#: rang, is in no list: such a call may become another one after a gap, but is never texted for nothing
BEHIND_A_HALF = ("w1", "w2")


def hides_a_hold(story: Story, begin: int, end: int) -> bool:
    """No list tells that an agent has put a caller on hold: who is bridged is taken to talk, which texts nobody."""
    return any(block.startswith(b"Event: Hold\r") for block in story.blocks[:end])


def check(story: Story, begin: int, end: int, is_behind: bool = False) -> None:
    whole_facts = run(story, 0, len(story.blocks), translator())
    whole = ended(whole_facts)
    deaf = ended(without_keys(whole_facts, story.times[begin - 1], story.times[end - 1]))
    for call_id, call in ended(with_gap(story, begin, end)).items():
        assert call_id in whole, "a phantom call"
        possible = {Disposition.LOST, whole[call_id].disposition, deaf[call_id].disposition}
        if hides_a_hold(story, begin, end):
            possible.add(Disposition.ANSWERED)
        if is_behind:
            possible |= {Disposition.ANSWERED, Disposition.ABANDONED}
        assert call.disposition in possible, (call, whole[call_id])
        if gets_text(call):
            assert gets_text(whole[call_id]) or gets_text(deaf[call_id]), (call, whole[call_id])


#: after a blind transfer AMI names the application before it (what the list says there was not recorded), and
#: the list of channels drops a forger, whose call is then lost; voicemail and refusals behind a half are in no list
UNTOLD = ("f6_", "n20b_", "w19_", "w21_", "w24_", "w25_")


@pytest.mark.parametrize(("pbx", "name"), [story for story in STORIES if not story[1].startswith(UNTOLD)])
def test_a_link_that_is_back_at_once_changes_nothing(pbx: str, name: str, tmp_path: Path) -> None:
    story = Story.read(pbx, name, tmp_path)
    whole = {call.id: call.disposition for call in ended(run(story, 0, len(story.blocks), translator())).values()}
    for place in range(1, len(story.blocks), 7):
        if in_sight(story, place) and not hides_a_hold(story, place, place):
            found = ended(with_gap(story, place, place))
            assert {call.id: call.disposition for call in found.values()} == whole, place


def in_sight(story: Story, place: int) -> bool:
    """Whether of every caller something can be seen there, or that they are where they were seen last.

    Elsewhere (the dialplan has moved on without an event that we ask for, or just now a talk is over) nobody
    can tell a gap in which nothing happened from one that hides an answer, and the call is lost.
    """
    pbx = translator()
    run(story, 0, place, pbx)
    rows = {row["Uniqueid"]: row for row in snapshot(story, place).channels}
    for uniqueid, last in last_seen(pbx).items():
        moved = uniqueid not in rows or last.position != position(rows[uniqueid])
        talks = not moved and rows[uniqueid]["Application"].lower() in TALKING
        if last.situation == NOTHING and not last.leaving and (moved or talks):
            return False
    return True
