from __future__ import annotations

import asyncio

import pytest

from tests.pbx.fake_freeswitch import PASSWORD
from textback.doctor.freeswitch.suggest import _numbers, suggest
from textback.doctor.suggestions import Suggestions
from textback.pbx.esl import EslSettings

from .told import House


def suggested(told: House) -> Suggestions:
    async def ask() -> Suggestions:
        async with told.freeswitch() as pbx:
            return await suggest(EslSettings("", "127.0.0.1", pbx.port, PASSWORD, ()))

    return asyncio.run(ask())


def test_profiles_queues_contexts_and_dialled_numbers_are_found(told: House) -> None:
    queues = ("announced@default", "doctor@test", "short@default", "support@default")
    assert suggested(told) == Suggestions(("sofia/trunk/*",), ("public",), queues, ("12025556210",))


def test_fifos_are_queues_but_for_the_one_that_every_freeswitch_has(told: House) -> None:
    told.change("fifo list", "</fifo_report>", '<fifo name="lab" waiting_count="0"></fifo></fifo_report>')
    assert "lab" in suggested(told).queues and "manual_calls" not in suggested(told).queues


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        (r"^\+?13055550101$", {"13055550101"}), (r"^(2025550110|2025550111)$", {"2025550110", "2025550111"}),
        (r"^\+?1?(2025550110)$", {"2025550110"}), (r"^(\d{10})$", set()), ("^5000$", set()), ("^.*$", set()),
    ],
)  # fmt: skip
def test_numbers_are_taken_from_what_an_extension_wants_dialled(expression: str, numbers: set[str]) -> None:
    assert _numbers(expression) == numbers
