"""Lost callers who need somebody: ticked by staff, or served by themselves, and never forgotten by accident."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from textback.store import dealt, people
from textback.store.dealt import ANSWERED, BY_TEXT, CALLED_BACK, LOOKS_BACK, Lost, Served
from textback.store.tables import calls, messages

NOW = 1_800_014_400.0
ANN, BOB = "+12025550111", "+12025550122"


def add(conn: Connection, call: str, at: float = NOW, number: str | None = ANN, **columns: Any) -> Lost:
    """A call that lasted a minute."""
    row = {"id": call, "pbx": "main", "caller": number, "started_at": at, "ended_at": at + 60}
    conn.execute(calls.insert(), row | {"voicemail": False, "backfilled": False} | columns)
    return Lost(call, number, at, at + 60)


def state(conn: Connection, call: str) -> tuple[float | None, float | None, str | None]:
    columns = (calls.c.needs_since, calls.c.dealt_with_at, calls.c.dealt_with_by)
    return tuple(conn.execute(select(*columns).where(calls.c.id == call)).one())  # type: ignore[return-value]


def text(conn: Connection, at: float, **columns: Any) -> None:
    thread = people.conversation_for(conn, "Clinic", "+12025550100", ANN, at)
    row = {"id": f"m{at}", "conversation_id": thread, "direction": "out", "to_number": ANN}
    row |= {"from_number": "+12025550100", "body": "Hi", "segments": 1, "encoding": "GSM-7", "status": "sent"}
    row |= {"attempts": 1, "priority": 0}
    conn.execute(messages.insert(), row | {"created_at": at, "due_at": at} | columns)


NEEDS = (NOW, None, None)


def test_a_lost_caller_needs_somebody_since_they_called(conn: Connection) -> None:
    dealt.lost(conn, [add(conn, "1"), add(conn, "2", number=None)])
    assert state(conn, "1") == state(conn, "2") == NEEDS


def test_a_tick_holds_however_often_the_end_is_told(conn: Connection) -> None:
    call = add(conn, "1")
    dealt.lost(conn, [call])
    assert dealt.tick(conn, "1", "sam", NOW + 100)
    assert not dealt.tick(conn, "1", "kim", NOW + 200)
    dealt.lost(conn, [call])
    dealt.served(conn, [Served(ANN, NOW + 300, ANSWERED)])
    assert state(conn, "1") == (None, NOW + 100, "sam")


def test_a_tick_is_taken_back(conn: Connection) -> None:
    dealt.lost(conn, [add(conn, "1")])
    assert not dealt.untick(conn, "1")
    dealt.tick(conn, "1", "s" * 200, NOW + 100)
    assert state(conn, "1")[2] == "s" * dealt.LONGEST_WHO
    assert dealt.untick(conn, "1")
    assert state(conn, "1") == NEEDS


def test_what_needs_nobody_is_not_ticked(conn: Connection) -> None:
    add(conn, "1")
    assert not dealt.tick(conn, "1", "sam", NOW) and not dealt.tick(conn, "no such", "sam", NOW)
    assert not dealt.untick(conn, "no such")


@pytest.mark.parametrize("how", [ANSWERED, CALLED_BACK, BY_TEXT])
def test_who_is_served_needs_nobody_for_what_ended_before(conn: Connection, how: str) -> None:
    lost = [add(conn, "before"), add(conn, "after", NOW + 100), add(conn, "other", number=BOB)]
    lost += [add(conn, "hidden", number=None)]
    dealt.lost(conn, lost)
    dealt.served(conn, [Served(ANN, NOW + 60, how)])
    assert state(conn, "before") == (None, NOW + 60, how)
    assert state(conn, "after") == (NOW + 100, None, None)
    assert state(conn, "other") == state(conn, "hidden") == NEEDS


def test_many_are_served_at_once(conn: Connection) -> None:
    dealt.lost(conn, [add(conn, "1"), add(conn, "2", number=BOB)])
    dealt.served(conn, [Served(ANN, NOW + 70, ANSWERED), Served(BOB, NOW + 80, CALLED_BACK)])
    assert state(conn, "1") == (None, NOW + 70, ANSWERED) and state(conn, "2") == (None, NOW + 80, CALLED_BACK)


def test_what_is_long_past_waits_for_a_tick(conn: Connection) -> None:
    dealt.lost(conn, [add(conn, "1")])
    dealt.served(conn, [Served(ANN, NOW + LOOKS_BACK + 1, ANSWERED)])
    assert state(conn, "1") == NEEDS


def test_who_was_served_since_needs_nobody_though_the_end_is_told_later(conn: Connection) -> None:
    answered = {"answered_at": NOW + 90, "disposition": "answered"}
    add(conn, "later", NOW + 80, **answered)
    dealt.lost(conn, [add(conn, "1"), add(conn, "2", NOW + 40)])
    assert state(conn, "1") == (None, NOW + 90, ANSWERED)
    assert state(conn, "2") == (NOW + 40, None, None)


def test_so_do_those_whom_staff_reached_or_wrote_to_and_the_first_of_it_counts(conn: Connection) -> None:
    people.staff_reached(conn, ANN, NOW + 80, "main")
    text(conn, NOW + 70)
    dealt.lost(conn, [add(conn, "1")])
    assert state(conn, "1") == (None, NOW + 70, BY_TEXT)


@pytest.mark.parametrize(
    "columns", [{"flow": "missed"}, {"answer": "help"}, {"direction": "in"}, {"status": "cancelled"}]
)
def test_what_a_machine_wrote_serves_nobody(conn: Connection, columns: dict[str, str]) -> None:
    text(conn, NOW + 70, **columns)
    dealt.lost(conn, [add(conn, "1")])
    assert state(conn, "1") == NEEDS


def test_what_came_before_the_end_serves_nobody(conn: Connection) -> None:
    add(conn, "earlier", NOW - 600, answered_at=NOW - 590, disposition="answered")
    people.staff_reached(conn, ANN, NOW + 59, "main")
    text(conn, NOW + 59)
    dealt.lost(conn, [add(conn, "1")])
    assert state(conn, "1") == NEEDS


def test_with_nobody_to_tell_of_nothing_is_asked() -> None:
    dealt.lost(None, [])  # type: ignore[arg-type]
    dealt.served(None, [])  # type: ignore[arg-type]
