"""Recorded bytes of a PBX through the same code as live ones, in memory: nothing is sent, nothing is kept."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from textback.call import Call
from textback.directory import Directory
from textback.events import Fact
from textback.ledger import Entry
from textback.pbx.recording import Translator, told_by
from textback.practice import Practice
from textback.store import calls, migrations, practices
from textback.store.engine import open_engine
from textback.tracker import Tracker

#: seconds after the last byte by which every deadline of a call has passed
THE_END = 7 * 86400.0


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
    Raises ``OSError`` if a file cannot be read, ``ValueError`` if it, or the ``.idx`` beside it, is not what it should
    be.
    """
    facts, at = told_by(recording, translator)
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
