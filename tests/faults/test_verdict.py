"""The judge of a storm sees what is wrong: a storm that cannot fail proves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.twilio import Taken
from tests.faults.verdict import Outcome

NUMBER = "+12025570001"
CALL = {"id": "main/1", "caller": NUMBER, "disposition": "abandoned", "verdict": "text", "reason": "abandoned"}
TEXT = {
    "id": "a", "call_id": "main/1", "to_number": NUMBER, "body": "Hello", "status": "sent", "reason": None,
    "provider_id": "SM1", "attempts": 1,
}
THERE = Taken("SM1", "a", NUMBER, "+12025550100", "Hello", 0.0)
GOOD = Outcome({NUMBER}, [CALL], [TEXT], [THERE])


def text(**changes: Any) -> dict[str, Any]:
    return {"texts": [TEXT | changes]}


def test_a_caller_with_one_text_that_the_provider_has_is_well_served() -> None:
    assert GOOD.faults() == [] and GOOD.lost == set() and GOOD.twice == {} and GOOD.unknown_but_taken == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"calls": []}, "0 calls"),
        ({"calls": [CALL, CALL]}, "2 calls"),
        ({"calls": [CALL | {"verdict": "skip"}]}, "should be texted"),
        ({"texts": []}, "0 texts"),
        ({"texts": [TEXT, TEXT]}, "2 texts"),
        (text(status="queued", provider_id=None), "is no end"),
        (text(status="failed", provider_id=None), "but the provider has it"),
        ({"taken": []}, "the provider has none with SM1"),
        ({"taken": [replace(THERE, body="Bye")]}, "SM1 is another text"),
        ({"taken": [replace(THERE, message_id="b")]}, "SM1 was handed over as b"),
        ({"taken": [THERE, replace(THERE, sid="SM2")]}, "handed over 2 times"),
        ({"taken": [THERE, replace(THERE, sid="SM2", to="+12025570002")]}, "in no table"),
        ({"told": {"SM1"}}, "SM1 is delivered"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], words: str) -> None:
    faults = replace(GOOD, **changes).faults()
    assert any(words in fault for fault in faults), faults


def test_who_has_no_text_is_lost_and_what_nobody_knows_is_counted() -> None:
    assert replace(GOOD, texts=[]).lost == {NUMBER}
    unknown = replace(GOOD, **text(status="unknown", provider_id=None))
    assert (unknown.faults(), unknown.unknown_but_taken) == ([], 1)
