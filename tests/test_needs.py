"""Which calls leave somebody behind who needs a person, as the tracker tells it while facts come in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from tests.test_tracker import CALLER, Desk, arrives, at, gives_up, leaves, waits, want
from textback.events import (
    CallerArrived,
    CallLost,
    Handled,
    HoldStarted,
    LinkSynced,
    NoAnswer,
    NobodyAnswered,
    Place,
    StaffReached,
    Talking,
    TextRequested,
)
from textback.store import dealt
from textback.store.tables import calls


@pytest.fixture
def desk(engine: Engine) -> Desk:
    want(engine)
    return Desk(engine)


def needs(desk: Desk) -> dict[str, tuple[float | None, str | None]]:
    """By call: since when somebody is needed, and who dealt with it."""
    with desk.engine.begin() as connection:
        rows = connection.execute(select(calls.c.id, calls.c.needs_since, calls.c.dealt_with_by))
        return {row.id: (row.needs_since, row.dealt_with_by) for row in rows}


def answered(call: str, seconds: float) -> list[Any]:
    talks = Talking(f"main/{call}", at(seconds + 5), "104")
    return [arrives(call, seconds), waits(call, seconds), talks, leaves(call, seconds + 60)]


def test_who_gave_up_needs_somebody_from_the_end_on_and_while_it_settles(desk: Desk) -> None:
    desk.tell(arrives("1", 1), waits("1", 1))
    assert needs(desk) == {"main/1": (None, None)}
    desk.tell(leaves("1", 21), now=at(22))
    assert needs(desk) == {"main/1": (at(1), None)}
    desk.tell(now=at(100))
    assert needs(desk) == {"main/1": (at(1), None)}


def test_who_was_missed_who_was_texted_and_who_was_lost_sight_of_do_too(desk: Desk) -> None:
    desk.tell(arrives("1", 1), NobodyAnswered("main/1", at(9), NoAnswer.RANG_OUT), leaves("1", 10))
    desk.tell(arrives("2", 20, "12025550144"), waits("2", 20), TextRequested("main/2", at(60)), leaves("2", 61))
    desk.tell(arrives("3", 70, "12025550145"), waits("3", 70), CallLost("main/3", at(80)), now=at(200))
    assert {row["disposition"] for row in desk.log()} == {"missed", "texted", "lost"}
    assert needs(desk) == {"main/1": (at(1), None), "main/2": (at(20), None), "main/3": (at(70), None)}


def test_who_was_answered_or_only_heard_the_menu_or_was_served_otherwise_does_not(desk: Desk) -> None:
    desk.tell(*answered("1", 1))
    desk.tell(arrives("2", 70, "12025550144"), leaves("2", 75))
    desk.tell(arrives("3", 80, "12025550145"), waits("3", 80), Handled("main/3", at(95)), leaves("3", 100))
    assert {row["disposition"] for row in desk.log()} == {"answered", "unreached", "abandoned"}
    assert set(needs(desk).values()) == {(None, None)}


def test_who_was_served_otherwise_needs_nobody_though_the_end_was_heard_first(desk: Desk) -> None:
    desk.tell(arrives("1", 1), waits("1", 1), leaves("1", 21), now=at(22))
    desk.tell(arrives("2", 1, "12025550144"), waits("2", 1), leaves("2", 21), now=at(22))
    desk.tell(Handled("main/1", at(23)), now=at(24))
    assert needs(desk) == {"main/1": (None, None), "main/2": (at(1), None)}


def test_outside_hours_who_reached_nobody_does_where_that_counts_as_missed(engine: Engine) -> None:
    want(engine, hours={"mon": ["00:00-00:01"]}, missed__count_unreached_outside_hours=True)
    desk = Desk(engine)
    desk.tell(arrives("1", 1), leaves("1", 10), now=at(100))
    assert desk.log()[0]["disposition"] == "unreached"
    assert needs(desk) == {"main/1": (at(1), None)}


def test_whoever_calls_again_and_is_answered_needs_nobody_as_soon_as_they_talk(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), now=at(100))
    desk.tell(*answered("2", 200)[:-1])
    assert needs(desk)["main/1"] == (None, "answered")
    desk.tell(leaves("2", 300), now=at(400))
    assert needs(desk) == {"main/1": (None, "answered"), "main/2": (None, None)}


def test_in_one_batch_too(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), *answered("2", 40), StaffReached("main/9", at(200), CALLER), *gives_up("3", 300))
    assert needs(desk) == {"main/1": (None, "answered"), "main/2": (None, None), "main/3": (at(300), None)}


def test_whom_staff_reach_needs_nobody(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), now=at(100))
    desk.tell(StaffReached("main/9", at(200), "(202) 555-0143"))
    assert needs(desk) == {"main/1": (None, "called back")}


def test_a_tick_outlives_the_settling_of_its_call_and_a_restart(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), now=at(22))
    with desk.engine.begin() as connection:
        assert dealt.tick(connection, "main/1", "sam", at(23))
    desk.start()
    desk.tell(LinkSynced("", at(30), "main"), now=at(100))
    assert desk.log()[0]["verdict"] == "text"
    assert needs(desk) == {"main/1": (None, "sam")}


def test_what_two_pbxes_tell_in_the_wrong_order_comes_to_the_same(engine: Engine) -> None:
    want(engine)
    desk = Desk(engine, "main", "branch")
    desk.tell(*answered("2", 40))
    call = "branch/1"
    late = CallerArrived(call, at(1), "branch", "1", CALLER, "Doe", "12025550199")
    desk.tell(late, HoldStarted(call, at(1), Place.QUEUE, at(1), "support"), leaves_branch(21), now=at(120))
    assert needs(desk)[call] == (None, "answered")


def leaves_branch(seconds: float) -> Any:
    return replace(leaves("1", seconds), call_id="branch/1")


def test_a_batch_that_is_tried_again_tells_the_same(desk: Desk) -> None:
    job = desk.tracker.batch([*gives_up("1", 1), *answered("2", 40), *gives_up("3", 200)], at(400))
    for last in (False, True):
        connection = desk.engine.connect()
        with connection:
            transaction = connection.begin()
            job(connection)
            transaction.commit() if last else transaction.rollback()
    assert needs(desk) == {"main/1": (None, "answered"), "main/2": (None, None), "main/3": (at(200), None)}
