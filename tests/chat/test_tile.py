"""Tiles: given to somebody, put off, closed, opened again; and no reply goes unread by that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update

from tests.chat.conftest import GUS, NOW, SAM, Desk
from textback import chat
from textback.chat import Overtaken, Refused, Unclear
from textback.store import tiles
from textback.store.audit import Action
from textback.store.staff_tables import users
from textback.store.tables import conversations

DAY = 86_400.0


def test_a_conversation_is_given_to_a_colleague_and_taken_back(desk: Desk) -> None:
    talk = desk.hears()
    assert chat.assign(desk.conn, SAM, talk, "kim", NOW)
    assert not chat.assign(desk.conn, SAM, talk, "kim", NOW)
    assert (desk.tile(talk).assignee, desk.detail(talk, Action.ASSIGNED)) == ("kim", "to kim")
    assert chat.assign(desk.conn, SAM, talk, "ada", NOW)
    assert chat.assign(desk.conn, SAM, talk, None, NOW)
    assert (desk.tile(talk).assignee, desk.detail(talk, Action.ASSIGNED)) == (None, "to nobody")
    assert desk.trail() == [("sam", "assigned")] * 3


@pytest.mark.parametrize("name", ["gus", "KIM", "nobody", "", "sam'--", "x" * 500])
def test_it_is_given_only_to_who_sees_it(desk: Desk, name: str) -> None:
    talk = desk.hears()
    with pytest.raises(Unclear):
        chat.assign(desk.conn, SAM, talk, name, NOW)


def test_it_is_not_given_to_who_was_removed(desk: Desk) -> None:
    talk = desk.hears()
    desk.conn.execute(update(users).where(users.c.name == "kim").values(removed_at=NOW))
    with pytest.raises(Unclear):
        chat.assign(desk.conn, SAM, talk, "kim", NOW)


def test_a_snoozed_tile_comes_back_when_its_time_has_come(desk: Desk) -> None:
    talk = desk.hears()
    assert chat.snooze(desk.conn, SAM, talk, NOW + 100, NOW)
    tile = desk.tile(talk)
    assert (tile.state, tile.snoozed_until, tile.waiting_since) == ("snoozed", NOW + 100, NOW)
    assert tiles.wake_due(desk.conn, NOW + 99) == []
    assert tiles.wake_due(desk.conn, NOW + 100) == [talk]
    assert (desk.tile(talk).state, desk.tile(talk).snoozed_until) == ("open", None)
    assert tiles.wake_due(desk.conn, NOW + DAY) == []


def test_a_tile_that_is_snoozed_until_they_write_comes_back_with_their_reply(desk: Desk) -> None:
    talk = desk.hears()
    chat.snooze(desk.conn, SAM, talk, None, NOW)
    assert tiles.wake_due(desk.conn, NOW + 400 * DAY) == []
    desk.hears(at=NOW + 10)
    assert (desk.tile(talk).state, desk.tile(talk).unread_since) == ("open", NOW + 10)


def test_a_reply_wakes_a_tile_before_its_time(desk: Desk) -> None:
    talk = desk.hears()
    chat.snooze(desk.conn, SAM, talk, NOW + DAY, NOW)
    desk.hears(at=NOW + 10)
    assert (desk.tile(talk).state, desk.tile(talk).snoozed_until) == ("open", None)
    assert tiles.wake_due(desk.conn, NOW + 2 * DAY) == []


@pytest.mark.parametrize("until", [NOW, NOW - 1, NOW + 367 * DAY, 253_402_300_799.0, float("inf"), float("nan")])
def test_a_tile_sleeps_for_a_year_at_most_and_not_into_the_past(desk: Desk, until: float) -> None:
    talk = desk.hears()
    with pytest.raises(Unclear, match="at most for a year"):
        chat.snooze(desk.conn, SAM, talk, until, NOW)


def test_staff_wake_a_tile_themselves(desk: Desk) -> None:
    talk = desk.hears()
    assert not chat.wake(desk.conn, SAM, talk, NOW)
    chat.snooze(desk.conn, SAM, talk, None, NOW)
    assert chat.wake(desk.conn, SAM, talk, NOW)
    assert desk.tile(talk).state == "open"
    assert desk.trail() == [("sam", "snoozed"), ("sam", "woke")]


def test_a_closed_tile_is_opened_by_a_reply_or_by_hand(desk: Desk) -> None:
    talk = desk.hears()
    chat.assign(desk.conn, SAM, talk, "kim", NOW)
    assert chat.close(desk.conn, SAM, talk, NOW) and not chat.close(desk.conn, SAM, talk, NOW)
    tile = desk.tile(talk)
    assert (tile.state, tile.unread_since, tile.waiting_since) == ("closed", None, None)
    assert chat.reopen(desk.conn, SAM, talk, NOW) and not chat.reopen(desk.conn, SAM, talk, NOW)
    chat.close(desk.conn, SAM, talk, NOW)
    desk.hears(at=NOW + 10)
    tile = desk.tile(talk)
    assert (tile.state, tile.waiting_since, tile.assignee) == ("open", NOW + 10, "kim")
    assert [what for _, what in desk.trail()] == ["assigned", "closed", "reopened", "closed"]


def test_a_reply_that_came_since_the_page_was_made_is_not_closed_away(desk: Desk) -> None:
    talk = desk.hears()
    desk.hears(at=NOW + 10)
    for act in (
        lambda: chat.close(desk.conn, SAM, talk, NOW + 11, seen_until=NOW),
        lambda: chat.snooze(desk.conn, SAM, talk, None, NOW + 11, seen_until=NOW),
    ):
        with pytest.raises(Overtaken) as overtaken:
            act()
        assert (overtaken.value.who, overtaken.value.at) == (None, NOW + 10)
    assert desk.tile(talk).state == "open"
    assert chat.close(desk.conn, SAM, talk, NOW + 11, seen_until=NOW + 10)


def test_reading_leaves_what_came_later_unread_and_is_written_down(desk: Desk) -> None:
    talk = desk.hears()
    desk.hears(at=NOW + 10)
    assert not chat.mark_read(desk.conn, SAM, talk, NOW + 11, seen_until=NOW)
    assert desk.tile(talk).unread_since == NOW
    assert chat.mark_read(desk.conn, SAM, talk, NOW + 12, seen_until=NOW + 10)
    assert (desk.tile(talk).unread_since, desk.tile(talk).waiting_since) == (None, NOW)
    assert not chat.mark_read(desk.conn, SAM, talk, NOW + 13)
    assert desk.trail() == [("sam", "read")] * 3


def test_what_nobody_replied_to_has_no_tile_to_close_or_put_off(desk: Desk) -> None:
    talk = desk.hears()
    desk.conn.execute(update(conversations).values(state=None, last_reply_at=None))
    with pytest.raises(Refused, match="not in the inbox"):
        chat.close(desk.conn, SAM, talk, NOW)
    with pytest.raises(Refused, match="not in the inbox"):
        chat.snooze(desk.conn, SAM, talk, None, NOW)
    assert chat.reopen(desk.conn, SAM, talk, NOW)
    assert desk.tile(talk).state == "open"


def test_for_who_does_not_see_the_practice_there_is_no_tile(desk: Desk) -> None:
    talk = desk.hears()
    acts: list[Callable[[], object]] = [
        lambda: chat.assign(desk.conn, GUS, talk, None, NOW),
        lambda: chat.snooze(desk.conn, GUS, talk, None, NOW),
        lambda: chat.wake(desk.conn, GUS, talk, NOW),
        lambda: chat.close(desk.conn, GUS, talk, NOW),
        lambda: chat.reopen(desk.conn, GUS, talk, NOW),
        lambda: chat.mark_read(desk.conn, GUS, talk, NOW),
        lambda: chat.file_under(desk.conn, GUS, talk, None, NOW),
    ]
    for act in acts:
        with pytest.raises(Refused, match="^there is no such conversation$"):
            act()
    assert desk.trail() == []
