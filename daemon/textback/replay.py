"""Recorded bytes of a PBX through the same code as live ones, in memory: nothing is sent, nothing is kept."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from textback.call import Call
from textback.directory import Directory
from textback.events import Fact, LinkSynced
from textback.ledger import Entry
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_reader import Reader
from textback.practice import Practice
from textback.store import calls, migrations, practices
from textback.store.engine import open_engine
from textback.tracker import Tracker

#: seconds after the last byte by which every deadline of a call has passed
THE_END = 7 * 86400.0

_EPOCH = re.compile(rb"\r\nUniqueid: (\d{9,10})\.\d+")
_TIMESTAMP = re.compile(rb"\r\nTimestamp: (\d+\.\d+)")
_HOLD_TIME = re.compile(rb"\r\nHoldTime: (\d+)")
_UNIQUEID = re.compile(rb"\r\nUniqueid: (\S+)")


def replay(
    recording: Path,
    translator: Translator,
    practice_list: Sequence[Practice],
    on_fact: Callable[[Fact], None] = lambda fact: None,
    on_step: Callable[[Fact, Call], None] = lambda fact, call: None,
    on_decided: Callable[[Entry], None] = lambda entry: None,
) -> list[dict[str, Any]]:
    """The calls of one recording, oldest first, with the keys of ``calls list --json``.

    ``on_fact`` hears of each fact, ``on_step`` then of the call after it, ``on_decided`` of each verdict.
    Raises ``OSError`` if a file cannot be read, ``ValueError`` if the ``.idx`` beside it is no index.
    """
    facts: list[Fact] = []
    reader = Reader(translator, facts.append)
    at = 0.0
    for data, at in timed(recording):
        if not facts:
            facts.append(LinkSynced("", at, translator.pbx))
        reader.feed(data, at)
    reader.settle()
    with _memory(practice_list) as connection:
        directory = Directory(practice_list)
        tracker = Tracker([translator.pbx], lambda connection: directory, on_step)
        for fact in facts:
            on_fact(fact)
            for entry in tracker.batch([fact])(connection):
                on_decided(entry)
        for entry in tracker.batch([], at + THE_END)(connection):
            on_decided(entry)
        return [_again(row) for row in calls.listing(connection, limit=0)[::-1]]


def _again(row: dict[str, Any]) -> dict[str, Any]:
    """The same row every time: ids of messages are made up anew, otherwise."""
    made_up = row["message_id"] and str(uuid.uuid5(uuid.NAMESPACE_URL, row["id"]))
    return {**row, "message_id": made_up}


@contextmanager
def _memory(practice_list: Sequence[Practice]) -> Iterator[Connection]:
    """A database that is gone afterwards."""
    engine = open_engine("sqlite://")
    migrations.upgrade(engine)
    try:
        with engine.begin() as connection:
            for practice in practice_list:
                practices.put(connection, practice.name, {"line": _lines(practice)}, "replay", 0.0)
            yield connection
    finally:
        engine.dispose()


def _lines(practice: Practice) -> list[dict[str, str]]:
    return [{"number": line.number, "name": line.name} for line in practice.lines]


def timed(recording: Path) -> Iterator[tuple[bytes, float]]:
    """The bytes of a recording in pieces, each with the time (epoch seconds) at which it arrived."""
    data = recording.read_bytes()
    index = recording.with_suffix(".idx")
    return _by_index(data, index) if index.exists() else _by_events(data)


def _by_index(data: bytes, index: Path) -> Iterator[tuple[bytes, float]]:
    """``.idx``: JSON lines ``[seconds, offset]``, one for each piece."""
    try:
        marks = [(float(at), int(offset)) for at, offset in map(json.loads, index.read_text().splitlines())]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{index}: expected JSON lines [seconds, offset]") from error
    base = _base(data, marks)
    for (at, start), (_, end) in pairwise([*marks, (0.0, len(data))]):
        yield data[start:end], base + at


def _base(data: bytes, marks: Sequence[tuple[float, int]]) -> float:
    """The time of the first byte: a Uniqueid begins with the second in which its channel was made."""
    found = _EPOCH.search(data)
    if not found:
        return 0.0
    before = [at for at, offset in marks if offset <= found.start()]
    return float(found[1]) - (before[-1] if before else 0.0)


def _by_events(data: bytes) -> Iterator[tuple[bytes, float]]:
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
