from __future__ import annotations

import pytest

from tests.practices import practice
from textback.call import Call
from textback.directory import Directory
from textback.guards import Case
from textback.limits import is_held_out, over_budget
from textback.model import Flow, Known, Spent
from textback.numbers import read

NOON = 1_800_014_400.0  # 2027-01-15 12:00 UTC
SPENT = Spent(day=3, minute=2, prefixes={"+1202555": 1})


@pytest.mark.parametrize(
    ("guards", "told"),
    [
        ({"per_minute": 3, "per_day": 4, "per_prefix": 2}, None),
        ({"per_minute": 0, "per_day": 0, "per_prefix": 0}, None),
        ({"per_minute": 2}, "2 texts within a minute are the limit"),
        ({"per_minute": 1}, "one text within a minute is the limit"),
        ({"per_day": 3}, "3 texts within a day are the limit"),
        ({"per_prefix": 1}, "one text to numbers like this one within a minute is the limit"),
    ],
)
def test_a_budget_that_is_spent_is_said_in_a_sentence(guards: dict[str, int], told: str | None) -> None:
    mine = practice(**{f"guards__{name}": limit for name, limit in guards.items()})
    home = Directory([mine]).home("main", "support", None)
    call = Call(id="main/1.1", pbx="main", linkedid="1.1", started_at=NOON)
    assert home
    case = Case(call, Flow.ABANDONED, home, read("+12025550143", "US"), Known(), NOON, NOON, spent=SPENT)
    assert over_budget(case) == told


def held_out(percent: int, flow: Flow = Flow.ABANDONED, ids: range = range(2000)) -> list[int]:
    home = Directory([practice(guards__holdout=percent)]).home("main", "support", None)
    assert home
    found = []
    for at in ids:
        call = Call(id=f"main/{at}.1", pbx="main", linkedid="1.1", started_at=NOON)
        case = Case(call, flow, home, read("+12025550143", "US"), Known(), NOON, NOON)
        found += [at] if is_held_out(case) else []
    return found


def test_chance_leaves_out_so_many_of_a_hundred_and_always_the_same_ones() -> None:
    five, ten = held_out(5), held_out(10)
    assert (held_out(0), held_out(5)) == ([], five)
    assert 60 <= len(five) <= 140 and 140 <= len(ten) <= 260
    assert set(five) < set(ten)


def test_nobody_who_asked_for_a_text_is_left_out() -> None:
    assert held_out(50, Flow.CALL_TO_TEXT) == []
    assert held_out(50, Flow.MISSED) == held_out(50)
