"""A short pass over every reader, the same each time, and over everything that a fuzzer ever found."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS

FOUND = Path(__file__).parent / "found"
INPUTS = 400


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_known_to_be_tried_makes_no_fault_and_forges_nothing(name: str) -> None:
    for data in TARGETS[name].seeds():
        TARGETS[name].one(data)


@pytest.mark.parametrize("name", TARGETS)
def test_nor_does_what_is_nearly_right(name: str) -> None:
    target = TARGETS[name]
    for data in itertools.islice(mutated(target.seeds(), target.words, random.Random(20_261_128)), INPUTS):
        target.one(data)


@pytest.mark.parametrize("path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_once_is_mended(path: Path) -> None:
    TARGETS[path.parent.name].one(path.read_bytes())
