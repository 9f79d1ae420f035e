"""The values that both files are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.fields import read_duration, write_duration
from textback.mistakes import Expected


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("2m", 120),
        ("4h", 14400),
        ("1d", 86400),
        ("1.5m", 90),
        ("0s", 0),
        (30, 30),
        (0.25, 0.25),
        (0, 0),
    ],
)
def test_a_duration_is_read_in_seconds(written: object, seconds: float) -> None:
    assert read_duration(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        "",
        "30",
        "s",
        "-5s",
        "5 weeks",
        "1e9s",
        "٣s",
        -1,
        True,
        None,
        [],
        float("nan"),
        float("inf"),
        10**9,
        "999d",
    ],
)
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(Expected, match='such as "30s"'):
        read_duration(written)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.0, "0s"), (30.0, "30s"), (90.0, "90s"), (120.0, "2m"), (14400.0, "4h"), (0.25, "0.25s")],
)
def test_a_duration_is_written_as_people_do(seconds: float, written: str) -> None:
    assert write_duration(seconds) == written


@given(st.floats(0, 366 * 86400))
def test_a_duration_that_was_written_is_read_as_the_same(seconds: float) -> None:
    read = read_duration(seconds)
    assert read_duration(write_duration(read)) == read
