"""How much waits, and that it costs the same whatever the log holds."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, event, insert

from textback.model import Status
from textback.store import gauges as module
from textback.store.gauges import WAITING, gauges
from textback.store.tables import conversations, messages

NOW = 1_000_000.0


def put(conn: Connection, *texts: tuple[Status, float]) -> None:
    """Texts of a status, and when each may leave."""
    row = {"practice": "Clinic", "line": "+12025550100", "number": "+12025550111", "created_at": 1.0}
    talk = (conn.execute(insert(conversations), row).inserted_primary_key or (0,))[0]
    for number, (status, due_at) in enumerate(texts):
        direction = "in" if status is Status.RECEIVED else "out"
        row = {"id": f"text {number}", "conversation_id": talk, "direction": direction, "to_number": "+12025550111"}
        row |= {"from_number": "+12025550100", "body": "x", "segments": 1, "encoding": "GSM-7", "status": status.value}
        conn.execute(insert(messages), row | {"priority": 0, "created_at": 1.0, "due_at": due_at})


def test_where_nothing_waits_nothing_is_counted(conn: Connection) -> None:
    put(conn, (Status.SENT, 1.0), (Status.DELIVERED, 1.0), (Status.RECEIVED, 1.0), (Status.FAILED, 1.0))
    found = gauges(conn, NOW)
    assert set(found.waiting) == set(WAITING) and set(found.waiting.values()) == {0} and found.oldest_due_at is None


def test_each_state_that_waits_is_counted_and_the_oldest_that_could_have_left_is_found(conn: Connection) -> None:
    put(
        conn, (Status.QUEUED, NOW - 5), (Status.QUEUED, NOW - 9), (Status.QUEUED, NOW + 60), (Status.SENDING, NOW - 7),
        (Status.HELD, NOW - 900), (Status.UNKNOWN, NOW - 900), (Status.SENT, NOW - 900),
    )  # fmt: skip
    found = gauges(conn, NOW)
    assert [found.waiting[status] for status in WAITING] == [3, 1, 1, 1]
    assert found.oldest_due_at == NOW - 9


def test_what_waits_for_its_time_is_not_late(conn: Connection) -> None:
    put(conn, (Status.QUEUED, NOW + 60))
    assert gauges(conn, NOW).oldest_due_at is None


def test_no_more_are_counted_than_tell_that_there_are_too_many(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    put(conn, *[(Status.HELD, NOW)] * 5)
    assert gauges(conn, NOW).waiting[Status.HELD] == 3


def test_an_index_alone_answers_so_that_a_million_calls_cost_nothing(sqlite: Engine) -> None:
    asked: list[tuple[str, object]] = []
    event.listen(sqlite, "before_cursor_execute", lambda c, cursor, sql, values, *rest: asked.append((sql, values)))
    with sqlite.connect() as conn:
        gauges(conn, NOW)
        statements = [(sql, values) for sql, values in asked if "messages" in sql]
        for sql, values in statements:
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()  # type: ignore[arg-type]
            looks = [row[-1] for row in plan if "messages" in row[-1]]
            assert looks == [one for one in looks if one.startswith("SEARCH messages USING COVERING INDEX")], looks
            assert looks, plan
    assert len(statements) == 6
