from __future__ import annotations

from typing import Any

from tests.practices import practice
from textback.practice.conflicts import conflicts


def line(**columns: Any) -> list[dict[str, Any]]:
    return [{"name": "Desk", "number": "+12025550101", **columns}]


def test_a_queue_or_a_dialled_number_belongs_to_one_practice() -> None:
    own = practice(practice__name="Grove", practice__default=False, line=line(queues=["support"], dids=["2025550199"]))
    other = practice(line=line(number="+12025550102", queues=["support"], dids=["+12025550199"]))
    assert [mistake.key for mistake in conflicts(own, [other])] == ["line[0].queues", "line[0].dids"]


def test_a_queue_of_one_pbx_is_not_that_of_another() -> None:
    own = practice(practice__name="Grove", practice__default=False, line=line(queues=["main/support"]))
    other = practice(line=line(number="+12025550102", queues=["branch/support"]))
    assert list(conflicts(own, [other])) == []


def test_a_practice_is_in_nobodys_way_but_that_of_others() -> None:
    assert list(conflicts(practice(), [practice()])) == []
