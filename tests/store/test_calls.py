from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from textback.model import Disposition, Flow, Verdict
from textback.store import calls, people
from textback.store.engine import reading
from textback.store.tables import calls as table
from textback.store.tables import messages

NOON = 1795262400.0  # 2026-11-21T12:00:00Z

#: What other people's scripts read, word for word.
PROMISED = (
    "id, pbx, practice, caller, caller_name, did, queue, language, started_at, hold_started_at, offered_at, "
    "answered_at, ended_at, hold_seconds, ring_seconds, disposition, voicemail, answered_by, backfilled, flow, "
    "verdict, reason, why, message_id, message_status, conversation_id"
).split(", ")


def call(number: int, **columns: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(table.c.keys())
    row |= {"id": f"main/{number}", "pbx": "main", "linkedid": str(number), "caller": "+12025550111"}
    row |= {"started_at": NOON + number, "voicemail": False, "backfilled": False}
    return row | columns


def ended(number: int, **columns: Any) -> dict[str, Any]:
    happened = {"disposition": "abandoned", "verdict": "skip", "ended_at": NOON + number + 30}
    return call(number, **(happened | columns))


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def test_a_call_comes_back_as_it_was_saved(conn: Connection) -> None:
    row = call(
        1,
        practice="Clinic",
        caller_name="Zoë “Ñandú” 王",
        did="+12025550100",
        queue="support",
        language="es",
        hold_started_at=NOON + 2.25,
        hold_seconds=12345.678,
        ring_seconds=0.0,
        deadline=NOON + 12,
        machine={"phase": "waiting", "stays": [["queue", NOON]], "text": None},
        story=[[NOON, "arrived"]],
    )
    calls.save(conn, [row])
    assert calls.unsettled(conn, "main") == [row]


def test_saving_again_replaces_every_column_of_the_row(conn: Connection) -> None:
    calls.save(conn, [call(1, machine={"phase": "waiting"}, queue="support"), call(2)])
    calls.save(conn, [ended(1, why="hung up after 30 s on hold in support"), call(3)])
    assert ids(calls.unsettled(conn, "main")) == ["main/2", "main/3"]
    told = calls.one(conn, "main/1")
    assert told is not None
    assert (told["disposition"], told["why"]) == ("abandoned", "hung up after 30 s on hold in support")
    assert told["queue"] is None


def test_columns_that_are_in_no_row_keep_their_values(conn: Connection) -> None:
    calls.save(conn, [ended(1, queue="support")])
    few = {"id": "main/1", "pbx": "main", "started_at": NOON + 1, "voicemail": True, "backfilled": False}
    calls.save(conn, [few])
    told = calls.one(conn, "main/1")
    assert told is not None
    assert (told["queue"], told["voicemail"], told["disposition"]) == ("support", True, "abandoned")


def test_a_call_that_is_twice_in_a_group_ends_as_the_later_row(conn: Connection) -> None:
    calls.save(conn, [call(1, queue="sales"), call(1, queue="support")])
    assert [row["queue"] for row in calls.unsettled(conn, "main")] == ["support"]


def test_no_state_of_the_machine_is_null_in_the_database(conn: Connection) -> None:
    calls.save(conn, [ended(1), ended(2, machine={}, story=[])])
    query = select(table.c.id).where(table.c.machine.is_(None), table.c.story.is_(None))
    assert conn.execute(query).scalars().all() == ["main/1"]


def test_the_words_of_the_house_are_stored_as_words(conn: Connection) -> None:
    calls.save(conn, [ended(1, disposition=Disposition.MISSED, verdict=Verdict.HELD, flow=Flow.MISSED)])
    assert ids(calls.listing(conn, disposition="missed", verdict="held", flow="missed")) == ["main/1"]


def test_saving_nothing_is_nothing(conn: Connection) -> None:
    calls.save(conn, [])
    assert calls.listing(conn) == []


def test_hostile_text_from_the_pbx_is_cut_and_does_no_harm(conn: Connection) -> None:
    hostile = "'; DROP TABLE calls; --\r\nEvent: Hangup\0\ud800" + "x" * 10_000
    calls.save(conn, [call(1, caller=hostile, caller_name=hostile, did=hostile, queue=hostile, linkedid=hostile)])
    (row,) = calls.unsettled(conn, "main")
    assert row["caller_name"].startswith("'; DROP TABLE calls; --\r\nEvent: Hangup\ufffd?xxx")
    assert {name: len(row[name]) for name in ("caller", "caller_name", "did", "queue", "linkedid")} == {
        "caller": 80, "caller_name": 255, "did": 80, "queue": 128, "linkedid": 160,
    }  # fmt: skip


def test_only_the_unsettled_calls_of_the_pbx_are_given_oldest_first(conn: Connection) -> None:
    settling = ended(1, verdict=None, deadline=NOON + 60)
    calls.save(conn, [call(5), settling, ended(2), call(3, pbx="other"), call(4)])
    assert ids(calls.unsettled(conn, "main")) == ["main/1", "main/4", "main/5"]


def test_the_keys_are_those_that_other_peoples_scripts_use(conn: Connection) -> None:
    calls.save(conn, [ended(1)])
    assert list(calls.KEYS) == PROMISED
    assert list(calls.listing(conn)[0]) == PROMISED
    told = calls.one(conn, "main/1")
    assert told is not None and list(told) == [*PROMISED, "story"]
    assert calls.one(conn, "main/none") is None


def test_the_listing_is_json_with_times_in_utc_and_seconds_as_numbers(conn: Connection) -> None:
    calls.save(conn, [ended(0, started_at=NOON + 0.1239, hold_seconds=95.30000019, ring_seconds=0.0)])
    told = json.loads(json.dumps(calls.listing(conn)[0]))
    assert told["started_at"] == "2026-11-21T12:00:00.123Z"
    assert told["ended_at"] == "2026-11-21T12:00:30.000Z"
    assert told["hold_started_at"] is None
    assert (told["hold_seconds"], told["ring_seconds"]) == (95.3, 0.0)
    assert told["voicemail"] is False


def test_the_state_of_the_text_stands_beside_the_call(conn: Connection) -> None:
    thread = people.conversation_for(conn, "Clinic", "+12025550100", "+12025550111", NOON)
    row = {"id": "m1", "conversation_id": thread, "call_id": "main/1", "direction": "out", "flow": "abandoned"}
    row |= {"to_number": "+12025550111", "from_number": "+12025550100", "body": "Sorry", "segments": 1}
    row |= {"encoding": "GSM-7", "status": "delivered", "priority": 1, "created_at": NOON, "due_at": NOON}
    conn.execute(messages.insert(), row)
    calls.save(conn, [ended(1, message_id="m1", conversation_id=thread), ended(2)])
    told = {row["id"]: (row["message_status"], row["conversation_id"]) for row in calls.listing(conn)}
    assert told == {"main/1": ("delivered", thread), "main/2": (None, None)}


def test_the_listing_gives_the_newest_first_and_no_more_than_asked_for(conn: Connection) -> None:
    calls.save(conn, [ended(number) for number in range(120)])
    assert ids(calls.listing(conn, limit=2)) == ["main/119", "main/118"]
    assert len(calls.listing(conn)) == 100
    assert len(calls.listing(conn, limit=0)) == 120


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"since": NOON + 3}, ["main/4", "main/3"]),
        ({"practice": "Clinic"}, ["main/1"]),
        ({"disposition": "missed"}, ["main/2"]),
        ({"verdict": "held"}, ["main/3"]),
        ({"flow": "abandoned"}, ["main/4"]),
        ({"number": "+12025550122"}, ["main/4"]),
        ({"number": "+12025550122", "practice": "Clinic"}, []),
    ],
)
def test_the_listing_can_be_narrowed(conn: Connection, wanted: dict[str, Any], found: list[str]) -> None:
    special = [
        ended(1, practice="Clinic"),
        ended(2, disposition="missed"),
        ended(3, verdict="held"),
        ended(4, flow="abandoned", caller="+12025550122"),
    ]
    calls.save(conn, special)
    assert ids(calls.listing(conn, **wanted)) == found


def test_those_who_follow_the_log_get_each_end_in_order(conn: Connection) -> None:
    calls.save(conn, [ended(3), ended(1), call(2), ended(4)])
    assert ids(calls.ended_after(conn, NOON + 31)) == ["main/3", "main/4"]
    assert ids(calls.ended_after(conn, 0.0)) == ["main/1", "main/3", "main/4"]


def test_a_group_is_saved_whole_or_not_at_all(engine: Engine) -> None:
    with pytest.raises(ValueError), engine.begin() as connection:
        calls.save(connection, [call(1), call(2, started_at=float("nan"))])
    with reading(engine) as connection:
        assert calls.listing(connection) == []


def test_the_visits_of_a_number_are_those_on_the_line_or_lately_ended_on_any_pbx(conn: Connection) -> None:
    waiting = call(3, pbx="other", machine={"phase": "waiting"})
    calls.save(conn, [waiting, ended(1), ended(2, machine={"phase": "ended"}), call(4, caller="+12025550122")])
    found = calls.visits(conn, ["+12025550111"], since=NOON + 31)
    assert [(visit.id, visit.phase, visit.ended_at) for visit in found] == [
        ("main/2", "ended", NOON + 32),
        ("main/3", "waiting", None),
    ]
    assert calls.visits(conn, [], since=0.0) == []
