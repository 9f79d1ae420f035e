"""Tiles under several hands: nobody moves one that has moved, and two who answer at once hear of each other."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, select, update

from tests.practices import document, practice
from textback import chat
from textback.directory import Directory
from textback.model import Role, Staff, TileState
from textback.store import people, practices, tiles
from textback.store.engine import open_engine
from textback.store.tables import conversations, messages

NOW = 1_800_014_400.0
LINE, ANN = "+12025550100", "+12025550111"


def talk(conn: Connection, number: str = ANN, practice_name: str = "Clinic") -> int:
    return people.conversation_for(conn, practice_name, LINE, number, NOW)


def test_a_conversation_begins_without_a_tile(conn: Connection) -> None:
    tile = tiles.one(conn, talk(conn))
    assert (tile.state, tile.assignee, tile.unread_since, tile.waiting_since, tile.asked) == (None,) * 5


def test_what_is_not_there_is_not_found(conn: Connection) -> None:
    assert tiles.find(conn, 999_999) is None
    with pytest.raises(LookupError):
        tiles.one(conn, 999_999)


def test_a_tile_that_has_moved_meanwhile_is_not_changed(conn: Connection) -> None:
    seen = tiles.one(conn, talk(conn))
    tiles.reply_came(conn, seen.id, NOW)
    with pytest.raises(LookupError, match="moved meanwhile"):
        tiles.change(conn, seen, state=TileState.CLOSED)
    assert tiles.one(conn, seen.id).state is TileState.OPEN


def test_a_change_to_what_it_is_already_is_none(conn: Connection) -> None:
    seen = tiles.one(conn, talk(conn))
    assert not tiles.change(conn, seen, assignee=None, state=None)
    assert tiles.change(conn, seen, assignee="sam", asked=[[1], [2, 3]])
    assert (tiles.one(conn, seen.id).assignee, tiles.one(conn, seen.id).asked) == ("sam", [[1], [2, 3]])


def test_many_wake_in_turns_the_earliest_first(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "BATCH", 2)
    asleep = [talk(conn, f"+1202555010{at}") for at in range(5)]
    for at, one in enumerate(asleep):
        values = {"state": "snoozed", "snoozed_until": NOW - at if at < 4 else None}
        conn.execute(update(conversations).where(conversations.c.id == one).values(values))
    assert sorted(tiles.wake_due(conn, NOW)) == sorted(asleep[2:4])
    assert sorted(tiles.wake_due(conn, NOW)) == sorted(asleep[:2])
    assert tiles.wake_due(conn, NOW) == []


@pytest.fixture
def patient(database_url: str) -> Iterator[Engine]:
    """An engine that waits for another's lock."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def test_of_two_who_answer_in_the_same_instant_one_is_asked_first(patient: Engine) -> None:
    directory, seen = Directory([practice()]), NOW
    with patient.begin() as conn:
        practices.put(conn, "Riverside", document(), "test", NOW)
        conversation = talk(conn, practice_name="Riverside")
        tiles.reply_came(conn, conversation, NOW)
    both = threading.Barrier(2)

    def answer(name: str) -> bool:
        by = Staff(1, name, name, Role.STAFF, None)
        both.wait()
        try:
            with patient.begin() as conn:
                chat.reply(conn, directory, by, conversation, "Hi", str(uuid.uuid4()), NOW + 1, seen)
        except chat.Overtaken as overtaken:
            assert overtaken.who == {"sam": "kim", "kim": "sam"}[name]
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(answer, ("sam", "kim"))) == [False, True]
    with patient.begin() as conn:
        assert len(conn.execute(select(messages.c.id)).all()) == 1
