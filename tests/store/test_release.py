"""Held texts: a person releases or dismisses them, once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from tests.practices import practice
from tests.test_tracker import CALLER, Desk, at, engine, gives_up  # noqa: F401  (a fixture)
from textback import directory
from textback.events import LinkLost, LinkSynced
from textback.model import LineType, Status
from textback.store import line_types, optouts
from textback.store.release import Refused, cancel, release
from textback.store.tables import messages

__all__ = ["engine"]

LIVE = directory.Directory([practice()])


@pytest.fixture
def held(engine: Any) -> Desk:  # noqa: F811
    desk = Desk(engine)
    desk.tell(*gives_up("1", 1), LinkLost("", at(25), "main"), now=at(60))
    desk.tell(LinkSynced("", at(5000), "main"), now=at(5000))
    return desk


def message_id(connection: Connection) -> str:
    return str(connection.execute(select(messages.c.id)).scalar_one())


def test_a_held_text_is_queued_when_a_person_releases_it(held: Desk) -> None:
    with held.engine.begin() as connection:
        release(connection, LIVE, message_id(connection), "ann", at(9000))
    (row,) = held.log()
    assert (row["verdict"], row["message_status"]) == ("text", "queued")
    assert row["why"].startswith("text: released by staff (hung up after 20 s on hold in support")
    with held.engine.begin() as connection:
        assert connection.execute(select(messages.c.expires_at, messages.c.author)).one() == (None, "ann")


def test_a_dismissed_text_is_cancelled_and_its_call_skipped(held: Desk) -> None:
    with held.engine.begin() as connection:
        cancel(connection, message_id(connection))
    (row,) = held.log()
    assert (row["verdict"], row["message_status"]) == ("skip", "cancelled")


def test_what_was_dismissed_cannot_be_released(held: Desk) -> None:
    with held.engine.begin() as connection:
        cancel(connection, message_id(connection))
        with pytest.raises(Refused, match="the message is cancelled, not held or unknown"):
            release(connection, LIVE, message_id(connection), "ann", at(9000))


def test_nothing_is_released_to_who_opted_out(held: Desk) -> None:
    with held.engine.begin() as connection:
        optouts.record(connection, CALLER, at(6000), "test")
        with pytest.raises(Refused, match="opted out") as refused:
            release(connection, LIVE, message_id(connection), "ann", at(9000))
    assert CALLER not in str(refused.value)
    assert held.log()[0]["message_status"] == "held"


def test_in_test_mode_only_texts_to_test_numbers_are_released(held: Desk) -> None:
    with held.engine.begin() as connection:
        testing = directory.Directory([practice(practice__mode="test")])
        with pytest.raises(Refused, match="Riverside is in test mode") as refused:
            release(connection, testing, message_id(connection), "ann", at(9000))
    assert CALLER not in str(refused.value)
    with held.engine.begin() as connection:
        mine = directory.Directory([practice(practice__mode="test", practice__test_numbers=[CALLER])])
        release(connection, mine, message_id(connection), "ann", at(9000))
    assert held.log()[0]["message_status"] == "queued"


def test_nothing_is_released_to_a_known_landline(held: Desk) -> None:
    with held.engine.begin() as connection:
        line_types.record(connection, CALLER, LineType.LANDLINE, at(6000), "test")
        with pytest.raises(Refused, match="known not to receive texts"):
            release(connection, LIVE, message_id(connection), "ann", at(9000))


def test_a_job_that_runs_again_releases_and_dismisses_once(held: Desk) -> None:
    with held.engine.begin() as connection:
        release(connection, LIVE, message_id(connection), "ann", at(9000))
    told = held.log()
    with held.engine.begin() as connection:
        release(connection, LIVE, message_id(connection), "ann", at(9000))
        with pytest.raises(Refused, match="the message is queued"):
            release(connection, LIVE, message_id(connection), "ann", at(9001))
    assert held.log() == told
    with held.engine.begin() as connection:
        cancel(connection, message_id(connection))
        cancel(connection, message_id(connection))
    assert held.log()[0]["message_status"] == "cancelled"


def test_what_was_cancelled_for_another_reason_is_not_dismissed(held: Desk) -> None:
    with held.engine.begin() as connection:
        connection.execute(update(messages).values(status=Status.CANCELLED, reason="opted_out"))
        with pytest.raises(Refused, match="the message is cancelled"):
            cancel(connection, message_id(connection))


def test_an_unknown_id_is_said(held: Desk) -> None:
    with held.engine.begin() as connection, pytest.raises(Refused, match="no such message"):
        release(connection, LIVE, "nothing", "ann", at(9000))
