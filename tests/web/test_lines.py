"""Whose line a number is; known, too, while the database does not answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.practices import practice
from textback.directory import Directory
from textback.store.engine import StoreError
from textback.web.lines import Lines

LINE = "+12025550100"
LOG = logging.getLogger("textback.test")


class Writer:
    """Answers as the test says."""

    def __init__(self, *answers: Directory | Exception | None) -> None:
        self.answers = list(answers)

    async def run(self, job: Callable[[Any], Any]) -> Directory:
        answer = self.answers.pop(0)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        return answer


def found(*answers: Directory | Exception | None, number: str = LINE) -> list[str | None]:
    """The name of the line at each look."""

    async def story() -> list[str | None]:
        lines = Lines(Writer(*answers), lambda conn: Directory(()), LOG, patience=0.01)  # type: ignore[arg-type]
        homes = [await lines.find(number) for _ in answers]
        return [home and home[1].name for home in homes]

    return asyncio.run(story())


def test_a_line_is_found_with_its_practice_as_it_is_now() -> None:
    assert found(Directory(()), Directory([practice()]), Directory(())) == [None, "Front desk", None]


@pytest.mark.parametrize("number", ["", "+12025550101", "front desk", "\0"])
def test_what_is_no_line_is_nobodys(number: str) -> None:
    assert found(Directory([practice()]), number=number) == [None]


@pytest.mark.parametrize("trouble", [None, StoreError("gone", temporary=True), ValueError("a practice is broken")])
def test_while_the_practices_cannot_be_read_the_last_ones_count(trouble: Exception | None) -> None:
    assert found(Directory([practice()]), trouble) == ["Front desk", "Front desk"]
    assert found(trouble) == [None]


def test_a_number_is_ours_if_any_practice_has_it_for_a_line() -> None:
    async def story() -> None:
        lines = Lines(Writer(Directory([practice()])), lambda conn: Directory(()), LOG)  # type: ignore[arg-type]
        assert not lines.is_ours(LINE)
        await lines.find("+12025550177")
        assert lines.is_ours(LINE) and not lines.is_ours("+12025550177")

    asyncio.run(story())
