"""What is known about numbers, for how long, and whose are to be looked up."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from textback.model import LineType, Verdict
from textback.store import calls, line_types, links
from textback.store.line_types import REMEMBERED

NOW = 1_795_291_200.0
NUMBER, OTHER = "+12025550143", "+12025550144"


def call(conn: Connection, caller: str | None, **changes: Any) -> None:
    """A caller on hold, with ``changes``."""
    links.save(conn, {"main": NOW})
    row = {
        "id": f"main/{caller}/{len(changes)}", "pbx": "main", "caller": caller, "started_at": NOW - 60.0,
        "hold_started_at": NOW - 50.0, "ended_at": None, "verdict": None, "voicemail": False, "backfilled": False,
    }  # fmt: skip
    calls.save(conn, [row | changes])


def unknown(conn: Connection, limit: int = 100) -> list[str]:
    return line_types.unknown_callers(conn, NOW, limit)


def test_a_landline_is_known_for_ninety_days(conn: Connection) -> None:
    line_types.record(conn, NUMBER, LineType.LANDLINE, NOW, "twilio")
    assert line_types.landlines(conn, [NUMBER, OTHER], NOW + REMEMBERED - 1.0) == {NUMBER}
    assert line_types.landlines(conn, [NUMBER, OTHER], NOW + REMEMBERED + 1.0) == set()


def test_only_landlines_are_landlines_and_the_last_word_counts(conn: Connection) -> None:
    line_types.record(conn, NUMBER, LineType.LANDLINE, NOW - 5.0, "twilio")
    line_types.record(conn, NUMBER, LineType.MOBILE, NOW, "twilio lookup")
    line_types.record(conn, OTHER, LineType.VOIP, NOW, "twilio lookup")
    assert line_types.landlines(conn, [NUMBER, OTHER], NOW) == set()


def test_many_numbers_are_asked_for_at_once(conn: Connection) -> None:
    line_types.record(conn, NUMBER, LineType.LANDLINE, NOW, "twilio")
    many = [f"+1202555{n:04}" for n in range(1200)]
    assert line_types.landlines(conn, many, NOW) == {NUMBER}


def test_a_number_that_texts_is_no_landline_any_more(conn: Connection) -> None:
    line_types.record(conn, NUMBER, LineType.LANDLINE, NOW, "twilio")
    line_types.record(conn, OTHER, LineType.MOBILE, NOW, "twilio lookup")
    line_types.forget_landline(conn, NUMBER)
    line_types.forget_landline(conn, OTHER)
    assert line_types.landlines(conn, [NUMBER], NOW) == set()
    call(conn, OTHER)
    assert unknown(conn) == []


def test_callers_on_hold_and_callers_whose_calls_settle_are_to_be_looked_up(conn: Connection) -> None:
    call(conn, NUMBER)
    call(conn, OTHER, hold_started_at=None, ended_at=NOW)
    assert unknown(conn) == [OTHER, NUMBER]


@pytest.mark.parametrize(
    ("caller", "changes"),
    [
        (NUMBER, {"verdict": Verdict.SKIP}),
        (NUMBER, {"hold_started_at": None}),
        (None, {}),
        ("anonymous", {}),
        ("101", {}),
    ],
)
def test_others_are_not(conn: Connection, caller: str | None, changes: dict[str, Any]) -> None:
    call(conn, caller, **changes)
    assert unknown(conn) == []


def test_a_number_is_not_looked_up_twice_within_ninety_days(conn: Connection) -> None:
    call(conn, NUMBER)
    line_types.record(conn, NUMBER, LineType.OTHER, NOW - REMEMBERED + 1.0, "twilio lookup")
    assert unknown(conn) == []
    line_types.record(conn, NUMBER, LineType.OTHER, NOW - REMEMBERED - 1.0, "twilio lookup")
    assert unknown(conn) == [NUMBER]


def test_a_caller_who_calls_twice_is_one_and_the_newest_come_first(conn: Connection) -> None:
    call(conn, NUMBER, started_at=NOW - 90.0)
    call(conn, NUMBER, started_at=NOW - 10.0, hold_started_at=NOW - 5.0)
    call(conn, OTHER)
    assert unknown(conn) == [NUMBER, OTHER]
    assert unknown(conn, limit=1) == [NUMBER]
