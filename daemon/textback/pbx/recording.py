"""Recorded bytes of a link, with the times at which they arrived, to facts: as a live link would tell them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from textback.events import Fact, LinkSynced
from textback.pbx import ami_facts, ami_reader, esl_facts, esl_reader
from textback.pbx.errors import LinkError

#: bytes, and the time (epoch seconds) at which they arrived
Piece = tuple[bytes, float]
Translator = ami_facts.Translator | esl_facts.Translator

_EPOCH = re.compile(rb"\r\nUniqueid: (\d{9,10})\.\d+")
_TIMESTAMP = re.compile(rb"\r\nTimestamp: (\d+\.\d+)")
_HOLD_TIME = re.compile(rb"\r\nHoldTime: (\d+)")
_UNIQUEID = re.compile(rb"\r\nUniqueid: (\S+)")
#: what every event of FreeSWITCH carries, in microseconds, plain or JSON
_EVENT_TIME = re.compile(rb'(?:\n|,")Event-Date-Timestamp(?:: |":")(\d{15,17})')
#: seconds after the last byte by which a reader has waited long enough for more
_LONG_AFTER = 60.0


def told_by(recording: Path, translator: Translator) -> tuple[list[Fact], float]:
    """The facts of a recording, in order, and the time of its last byte (epoch seconds).

    Raises ``OSError`` if a file cannot be read, ``ValueError`` if it, or the ``.idx`` beside it, is not what it should
    be.
    """
    if isinstance(translator, ami_facts.Translator):
        return _by_ami(recording, translator)
    try:
        return _by_esl(recording, translator)
    except LinkError as error:
        raise ValueError(f"{recording}: {error}") from error


def _by_ami(recording: Path, translator: ami_facts.Translator) -> tuple[list[Fact], float]:
    facts: list[Fact] = []
    reader = ami_reader.Reader(translator, facts.append)
    at = 0.0
    for data, at in _timed(recording, _EPOCH, 1.0, _by_ami_events):
        if not facts:
            facts.append(LinkSynced("", at, translator.pbx))
        reader.feed(data, at)
    reader.settle()
    return facts, at


def _by_esl(recording: Path, translator: esl_facts.Translator) -> tuple[list[Fact], float]:
    facts: list[Fact] = []
    reader = esl_reader.Reader(translator, facts.append)
    at = 0.0
    for data, at in _timed(recording, _EVENT_TIME, 1e-6, _by_esl_events):
        if not facts:
            facts.append(LinkSynced("", at, translator.pbx))
        reader.feed(data, at)
    reader.settle(at + _LONG_AFTER)
    return facts, at


def _timed(
    recording: Path, stamp: re.Pattern[bytes], unit: float, by_events: Callable[[bytes], Iterator[Piece]]
) -> Iterator[Piece]:
    """The bytes in pieces, by the index beside them; ``stamp`` finds a time in them, in ``unit`` seconds."""
    data = recording.read_bytes()
    index = recording.with_suffix(".idx")
    return _by_index(data, index, stamp, unit) if index.exists() else by_events(data)


def _by_index(data: bytes, index: Path, stamp: re.Pattern[bytes], unit: float) -> Iterator[Piece]:
    """``.idx``: JSON lines ``[seconds, offset]``, one for each piece."""
    try:
        marks = [(float(at), int(offset)) for at, offset in map(json.loads, index.read_text().splitlines())]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{index}: expected JSON lines [seconds, offset]") from error
    base = _base(data, marks, stamp, unit)
    for (at, start), (_, end) in pairwise([*marks, (0.0, len(data))]):
        yield data[start:end], base + at


def _base(data: bytes, marks: Sequence[tuple[float, int]], stamp: re.Pattern[bytes], unit: float) -> float:
    """The time of the first byte. A Uniqueid begins with the second in which its channel was made."""
    found = stamp.search(data)
    if not found:
        return 0.0
    before = [at for at, offset in marks if offset <= found.start()]
    return float(found[1]) * unit - (before[-1] if before else 0.0)


def _by_esl_events(data: bytes) -> Iterator[Piece]:
    """Without an index: each event carries its own time; on the wire they are not quite in order."""
    stamps = list(_EVENT_TIME.finditer(data))
    if not stamps:
        yield data, 0.0
    at = 0.0
    ends = [stamp.start() for stamp in stamps[1:]] + [len(data)]
    for number, (stamp, end) in enumerate(zip(stamps, ends, strict=True)):
        at = max(at, float(stamp[1]) * 1e-6)
        yield data[stamp.start() if number else 0 : end], at


def _by_ami_events(data: bytes) -> Iterator[Piece]:
    """Without an index: ``Timestamp`` if the PBX writes it, else what Uniqueids and hold times tell."""
    at = 0.0
    joined: dict[bytes, float] = {}
    for block in re.split(rb"(?<=\r\n\r\n)", data):
        stamp, unique, hold = _TIMESTAMP.search(block), _UNIQUEID.search(block), _HOLD_TIME.search(block)
        made = _EPOCH.search(block)
        if stamp:
            at = max(at, float(stamp[1]))
        elif block.startswith(b"Event: Newchannel") and made:
            at = max(at, float(made[1]))
        elif unique and hold and unique[1] in joined:
            at = max(at, joined[unique[1]] + float(hold[1]))
        if block.startswith(b"Event: QueueCallerJoin") and unique:
            joined[unique[1]] = at
        yield block, at
