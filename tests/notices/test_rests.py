"""Places that rest after trouble, and when a notice comes again."""

from __future__ import annotations

import pytest

from textback.notices import Untold
from textback.notices.rests import LONGEST, MOST, Rests, due_again

NOW = 1_800_014_400.0


def test_a_place_rests_longer_each_time_and_not_for_ever() -> None:
    rests = Rests()
    pauses = [rests.begin("Riverside", Untold("no"), NOW) for _ in range(10)]
    assert pauses[:4] == [15.0, 30.0, 60.0, 120.0] and max(pauses) == pauses[-1] == LONGEST
    assert rests.now(NOW) == ["Riverside"] and rests.now(NOW + LONGEST) == []


def test_it_is_as_good_as_new_once_something_works() -> None:
    rests = Rests()
    rests.begin("", Untold("no"), NOW)
    assert rests.trouble == {"": "no"} and rests.end("") and not rests.end("")
    assert rests.trouble == {} and rests.now(NOW) == []


@pytest.mark.parametrize(
    ("attempts", "retry_after", "pause", "expected"),
    [
        (1, None, 0.0, 30.0),
        (1, None, 600.0, 601.0),
        (4, None, 0.0, 240.0),
        (99, None, 0.0, MOST),
        (1, 900.0, 0.0, 900.0),
        (1, 999_999.0, 0.0, MOST),
    ],
)
def test_when_it_comes_again(attempts: int, retry_after: float | None, pause: float, expected: float) -> None:
    assert due_again(NOW, attempts, Untold("no", retry_after=retry_after), pause) == NOW + expected
