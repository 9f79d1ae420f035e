from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Connection, Engine

from textback.model import Disposition, Status
from textback.store import log, practices
from textback.store.engine import reading
from textback.store.log import Found, Wanted
from textback.store.tables import calls, conversations, messages

NOON = 1_795_262_400.0
DAY = 86_400.0
LINE = "+12025550100"
PRACTICES = ("Clinic", "Ear")
QUEUES = ("support", "billing", None)
NUMBERS = [f"+1202555{number:04}" for number in (143, 1143, 1432, 9999)] + ["unknown", None]
TIMES = [NOON + offset for offset in (0.0, 0.000001, 60.0, DAY, DAY + 0.5, 5 * DAY)]
TEXTS = [status for status in Status if status is not Status.RECEIVED]
on_one_database = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def put_practices(conn: Connection) -> None:
    for name in PRACTICES:
        practices.put(conn, name, {"line": []}, "test", 0.0)


def put(conn: Connection, *rows: dict[str, Any]) -> None:
    """Calls; ``text``: the status of their text, ``replied`` when its conversation was replied to."""
    put_practices(conn)
    for row in rows:
        call = {
            "id": "main/1", "pbx": "main", "practice": "Clinic", "caller": NUMBERS[0], "started_at": NOON,
            "voicemail": False, "backfilled": False,
        } | {name: value for name, value in row.items() if name not in ("text", "replied", "text_at")}  # fmt: skip
        call["caller_tail"] = call["caller"][-4:] if call["caller"] else None
        if row.get("text"):
            call |= put_text(conn, call, row)
        conn.execute(calls.insert(), call)


def put_text(conn: Connection, call: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    thread = {"practice": call["practice"] or "Clinic", "line": f"line of {call['id']}", "number": NUMBERS[0]}
    thread |= {"created_at": NOON, "last_reply_at": row.get("replied")}
    made = conn.execute(conversations.insert(), thread).inserted_primary_key
    assert made is not None
    text = {
        "id": f"text of {call['id']}", "conversation_id": made[0], "call_id": call["id"], "practice": call["practice"],
        "direction": "out", "to_number": NUMBERS[0], "from_number": LINE, "body": "Sorry", "segments": 1,
        "encoding": "GSM-7", "priority": 1, "status": row["text"], "created_at": row["text_at"], "due_at": NOON,
    }  # fmt: skip
    conn.execute(messages.insert(), text)
    return {"message_id": text["id"], "conversation_id": made[0]}


def some_calls(seed: int) -> list[dict[str, Any]]:
    """As different as calls can be, many of them in the same moment."""
    chance = random.Random(seed)
    return [some_call(chance, f"main/{serial}") for serial in range(90)]


def some_call(chance: random.Random, name: str) -> dict[str, Any]:
    at = chance.choice(TIMES)
    text = chance.choice([None, *TEXTS])
    text_at = chance.choice(TIMES)
    return {
        "id": name, "practice": chance.choice([*PRACTICES, "Clinic", None]), "caller": chance.choice(NUMBERS),
        "queue": chance.choice(QUEUES), "started_at": at, "disposition": chance.choice([None, *Disposition]),
        "needs_since": chance.choice([None, chance.choice(TIMES)]), "text": text, "text_at": text_at,
        "replied": chance.choice([None, text_at - 1, text_at + 1]),
    }  # fmt: skip


def is_wanted(row: dict[str, Any], wanted: Wanted) -> bool:
    """The filters as a person would explain them."""
    checks = [
        wanted.practices is None or row["practice"] in wanted.practices,
        wanted.since is None or row["started_at"] >= wanted.since,
        wanted.until is None or row["started_at"] < wanted.until,
        wanted.queue is None or row["queue"] == wanted.queue,
        not wanted.dispositions or row["disposition"] in wanted.dispositions,
        not wanted.needs or row["needs_since"] is not None,
        wanted.text is None or is_texted(row, wanted.text),
        wanted.found is None or is_found(row, wanted.found),
    ]
    return all(checks)


def is_texted(row: dict[str, Any], word: str) -> bool:
    if word == log.NONE or row["text"] is None:
        return word == log.NONE and row["text"] is None
    if word == log.REPLIED:
        return row["replied"] is not None and row["replied"] > row["text_at"]
    return row["text"] in log.TEXT_STATES[word]


def is_found(row: dict[str, Any], found: Found) -> bool:
    if found.digits is not None:
        return row["caller"] is not None and row["caller"].endswith(found.digits)
    return row["caller"] in found.numbers or row["id"] in found.calls


def in_order(rows: Sequence[dict[str, Any]], wanted: Wanted) -> list[str]:
    """Newest first; those that need somebody by when they began to, those with a rare text by their texts."""
    rare = wanted.text in log.RARE and wanted.found is None
    key = "text_at" if rare else "needs_since" if wanted.needs else "started_at"
    return [row["id"] for row in sorted(rows, key=lambda row: (row[key], row["id"]), reverse=True)]


def pages(conn: Connection, wanted: Wanted, size: int) -> list[dict[str, Any]]:
    """All calls, a page after the other, until one is empty."""
    found: list[dict[str, Any]] = []
    place = None
    while page := log.page(conn, wanted, place, size):
        assert len(page) <= size
        found += page
        place = page[-1]["place"]
    return found


founds = st.one_of(
    st.none(),
    st.sampled_from(["0143", "50143", "1432", "9999", "0000"]).map(lambda digits: Found(digits=digits)),
    st.builds(
        Found,
        digits=st.none(),
        numbers=st.lists(st.sampled_from([number for number in NUMBERS if number]), unique=True).map(tuple),
        calls=st.lists(st.sampled_from(["main/1", "main/2", "main/50", "main/x"]), unique=True).map(tuple),
    ),
)
whose = st.one_of(st.none(), st.lists(st.sampled_from([*PRACTICES, None, "Nobody"]), unique=True).map(tuple))
wishes = st.builds(
    Wanted,
    practices=whose,
    since=st.sampled_from([None, *TIMES]),
    until=st.sampled_from([None, None, *TIMES]),
    queue=st.sampled_from([None, None, "support", "nowhere"]),
    dispositions=st.lists(st.sampled_from([str(one) for one in Disposition]), unique=True, max_size=5).map(tuple),
    text=st.sampled_from([None, None, log.NONE, log.REPLIED, *log.TEXT_STATES]),
    needs=st.booleans(),
    found=founds,
)


@pytest.mark.parametrize("seed", [1, 2])
@on_one_database
@given(data=st.data())
def test_paging_gives_every_call_that_is_wanted_once_and_in_order(engine: Engine, seed: int, data: Any) -> None:
    rows = some_calls(seed)
    with engine.begin() as conn:
        if not conn.execute(calls.select().limit(1)).first():
            put_practices(conn)
            put(conn, *rows)
    wanted, size = data.draw(wishes), data.draw(st.sampled_from([1, 7, 200]))
    with reading(engine) as conn:
        found = [row["id"] for row in pages(conn, wanted, size)]
    assert found == in_order([row for row in rows if is_wanted(row, wanted)], wanted)


def test_more_practices_than_can_be_read_one_by_one_are_read_together(conn: Connection) -> None:
    put(conn, *some_calls(3))
    many = ("Clinic", *(f"Practice {number}" for number in range(60)))
    for wanted in (Wanted(many), Wanted(many, text="held"), Wanted(many, dispositions=("missed",))):
        few = replace(wanted, practices=("Clinic",))
        assert [row["id"] for row in pages(conn, wanted, 9)] == [row["id"] for row in pages(conn, few, 9)] != []


def test_attempts_are_the_calls_of_a_number_in_the_24_hours_up_to_it(conn: Connection) -> None:
    rows = some_calls(4)
    put(conn, *rows)
    for row in pages(conn, Wanted(None), 13):
        own = [one for one in rows if one["caller"] == row["caller"] is not None]
        before = [one for one in own if row["started_at"] - DAY < one["started_at"] <= row["started_at"]]
        assert row["attempts"] == max(1, len(before))


def test_a_call_is_shown_with_its_text_and_when_it_was_replied_to(conn: Connection) -> None:
    put(conn, {"text": "held", "text_at": NOON + 5, "replied": NOON + 9})
    (row,) = log.page(conn, Wanted(("Clinic",)))
    assert (row["text_status"], row["text_at"], row["last_reply_at"]) == ("held", NOON + 5, NOON + 9)
    assert log.details(conn, ["main/1"])["main/1"] | {"place": row["place"]} == row
    assert log.details(conn, []) == {}


def test_the_figures_count_calls_by_how_they_ended(conn: Connection) -> None:
    rows = some_calls(5)
    put(conn, *rows)
    for practices_ in (None, ("Clinic",), ("Clinic", None), ("Ear", "Clinic"), (None,), ()):
        wanted = Wanted(practices_, since=NOON + 60)
        theirs = [row["disposition"] or "" for row in rows if is_wanted(row, wanted)]
        assert log.figures(conn, practices_, NOON + 60) == {ending: theirs.count(ending) for ending in set(theirs)}


def test_those_who_need_somebody_are_counted_up_to_a_limit(conn: Connection) -> None:
    rows = some_calls(6)
    put(conn, *rows)
    for theirs in (("Clinic",), ("Clinic", None), ("Ear", "Clinic"), ()):
        there = sum(row["practice"] in theirs and row["needs_since"] is not None for row in rows)
        assert log.needing(conn, theirs) == there
        assert log.needing(conn, theirs, most=3) == min(3, there)


def test_the_queues_are_those_of_the_practices_that_are_asked_for(conn: Connection) -> None:
    practices.put(conn, "Ear", {"line": []}, "test", 0.0)
    put(conn, {"id": "1", "queue": "b"}, {"id": "2", "queue": "a"}, {"id": "3", "queue": "b"}, {"id": "4"})
    put(conn, {"id": "5", "queue": "c", "practice": "Ear"}, {"id": "6", "queue": "d", "practice": None})
    assert log.queues(conn, ["Clinic"]) == ["a", "b"]
    assert log.queues(conn, ["Clinic", "Ear"]) == ["a", "b", "c"]
    assert log.queues(conn, ["Nobody"]) == log.queues(conn, []) == []


def test_the_calls_of_a_number_to_a_practice_are_its_newest(conn: Connection) -> None:
    put(conn, {"id": "1"}, {"id": "2", "started_at": NOON + 1}, {"id": "3", "practice": None})
    put(conn, {"id": "4", "caller": "x"})
    assert [row["id"] for row in log.calls_of(conn, "Clinic", NUMBERS[0] or "", 1)] == ["2"]
    assert [row["id"] for row in log.calls_of(conn, "Clinic", NUMBERS[0] or "", 5)] == ["2", "1"]
    assert [row["id"] for row in log.calls_of(conn, None, NUMBERS[0] or "", 5)] == ["3"]
