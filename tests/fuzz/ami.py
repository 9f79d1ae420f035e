"""AMI: a caller's number, or the one that was dialled, makes no fact of anybody else; garbage makes no fault."""

from __future__ import annotations

import logging

from tests import recordings
from tests.fuzz.bites import Bites, packed, pieces
from tests.pbx.messages import CALLER, LEG, OTHER, channel, event, newchannel, raw
from textback.events import CallerArrived, CallerKnown, Fact
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_reader import Reader
from textback.pbx.tampering import LONGEST_NUMBER

#: stand where the numbers go that a caller chose
_NUMBER, _DIALLED = "15559870281", "15551230199"
_MINE, _THEIRS = f"main/{CALLER}", f"main/{OTHER}"
_PRIVATE = {"CallerIDNum": _NUMBER, "Exten": _DIALLED}


def _story() -> bytes:
    """Somebody who forges, and somebody who does not, at the same time."""
    mine = channel(**_PRIVATE)
    theirs = channel(OTHER, "PJSIP/trunk-00000002")
    events = [
        newchannel(OTHER, "PJSIP/trunk-00000002"),
        newchannel(**_PRIVATE),
        event("QueueCallerJoin", theirs, Queue="support", Position="1"),
        event("QueueCallerJoin", mine, Queue="support", Position="2"),
        event("DTMFEnd", mine, Digit="5", Direction="Received"),
        event("QueueCallerAbandon", mine, Queue="support"),
        event("QueueCallerLeave", mine, Queue="support"),
        event("HangupRequest", mine),
        event("Hangup", mine),
        event("Newchannel", channel(LEG, "PJSIP/agent1-00000003", ChannelState="0")),
        event("QueueCallerLeave", theirs, Queue="support"),
        event("HangupRequest", theirs),
        event("Hangup", theirs),
    ]
    return b"".join(map(raw, events))


STORY = _story()
_SILENT = logging.getLogger("textback.fuzz")
_SILENT.disabled = True
_USUAL: dict[str, list[Fact]] = {}


def one(data: bytes) -> None:
    """A caller who forges, or a PBX that sends anything."""
    bites = Bites(data)
    if bites.number(4):
        _forged(bites)
    else:
        size = bites.number(256)
        reader, facts = _reader()
        for piece in pieces(bites.rest(), size):
            reader.feed(piece, 1.0)
        reader.settle()
        assert all(fact.call_id.startswith("main/") for fact in facts), facts


def _forged(bites: Bites) -> None:
    size, number, dialled = bites.number(256), bites.some(LONGEST_NUMBER), bites.some(LONGEST_NUMBER)
    stream = STORY.replace(_NUMBER.encode(), number).replace(_DIALLED.encode(), dialled)
    facts, faults = _facts(stream, size)
    usual = _usual()
    assert not faults, "a fact could not be made of a message"
    theirs = [fact for fact in facts if fact.call_id == _THEIRS]
    assert theirs == usual[_THEIRS], f"of the other caller: {theirs}"
    mine = [fact for fact in facts if fact.call_id == _MINE]
    assert len(mine) + len(theirs) == len(facts), f"of nobody who called: {facts}"
    kinds = [type(fact) for fact in mine if not isinstance(fact, CallerKnown)]
    assert _is_part(kinds, [type(fact) for fact in usual[_MINE]]), f"more than happened: {kinds}"
    if b"\r\n" in number or b"\r\n" in dialled:
        told = [fact for fact in mine if isinstance(fact, CallerKnown) and fact.tampered]
        arrived = [fact for fact in mine if isinstance(fact, CallerArrived)]
        assert told or not arrived or arrived[0].tampered, f"a forged number is believed: {mine}"


def _usual() -> dict[str, list[Fact]]:
    if not _USUAL:
        facts, _ = _facts(STORY, 0)
        _USUAL.update({call: [fact for fact in facts if fact.call_id == call] for call in (_MINE, _THEIRS)})
    return _USUAL


def _facts(stream: bytes, size: int) -> tuple[list[Fact], int]:
    reader, facts = _reader()
    for piece in pieces(stream, size):
        reader.feed(piece, 1.0)
    reader.settle()
    return facts, reader.faults


def _reader() -> tuple[Reader, list[Fact]]:
    facts: list[Fact] = []
    return Reader(Translator("main", ["PJSIP/trunk-*"], ["from-trunk"]), facts.append, log=_SILENT), facts


def _is_part(some: list[type[Fact]], every: list[type[Fact]]) -> bool:
    """Whether these come in that order among those."""
    there = iter(every)
    return all(kind in there for kind in some)


def seeds() -> list[bytes]:
    """Forgeries that are known, and what real PBXes sent."""
    forged = [
        f"1\r\nUniqueid: {OTHER}\r\n\r\nEvent: Hangup".encode(),
        b"1\r\n\r\nEvent: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1795286694.2",
        f"\r\n\r\nPriority: 1\r\nUniqueid: {OTHER}\r\nLinkedid: {OTHER}".encode(),
        b"12025550143", b"\xff\xfe\r\n\r\n", b"\r\nCallerIDNum: 1", b"\r\nResponse: Success\r\nActionID: 1\r\n\r\n",
    ]  # fmt: skip
    made = [packed(1, 7, number, b"15551230199") for number in forged]
    made += [packed(1, 0, b"1", number) for number in forged] + [packed(1, 50, a, b) for a in forged for b in forged]
    stories = [recordings.read("asterisk22", name) for name in recordings.names("asterisk22")[:12]]
    return made + [packed(0, 0) + story[start : start + 4000] for story in stories for start in (0, 6000)]


WORDS = [
    b"\r\n", b"\r\n\r\n", b"Event: ", b"Hangup", b"Newchannel", b"Uniqueid: ", OTHER.encode(), CALLER.encode(),
    b"Linkedid: ", b"Privilege: call,all", b"Response: ", b"ActionID: ", b"Priority: 1", b"CallerIDNum: ", b"Exten: ",
    b"Channel: PJSIP/trunk-00000002", b"ChannelState: 6", b"Queue: support", b"QueueCallerLeave", b"BridgeEnter",
    b"ChanVariable: ", b"ConnectedLineNum: ", b"\r", b"\n",
]  # fmt: skip
