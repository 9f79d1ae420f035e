"""The pace of the line, its pauses, and a clock that is set back."""

from __future__ import annotations

import pytest

from textback.gates import Backoff, Gate
from textback.outbox.pacing import Line, due_again
from textback.sms import Fault, SendError

BUSY = SendError("busy", Fault.NOT_PROCESSED)
OURS = SendError("credentials", Fault.OURS)


def test_a_gate_is_open_at_first_and_after_its_time() -> None:
    gate = Gate()
    assert gate.left(100.0) == 0
    gate.close(100.0, 5.0)
    assert [gate.left(at) for at in (100.0, 103.0, 105.0, 999.0)] == [5.0, 2.0, 0.0, 0.0]


def test_the_longest_closing_counts() -> None:
    gate = Gate()
    gate.close(100.0, 30.0)
    gate.close(101.0, 1.0)
    assert gate.left(102.0) == 28.0


def test_a_clock_that_is_set_back_does_not_keep_it_closed_for_longer() -> None:
    gate = Gate()
    gate.close(10_000.0, 5.0)
    assert gate.left(3_600.0) == 5.0
    gate.close(3_600.0, 6.0)
    assert gate.left(3_606.0) == 0


def test_a_gate_opens_in_its_time_though_the_clock_was_set_back_meanwhile() -> None:
    gate = Gate()
    gate.close(10_000.0, 5.0)
    assert [gate.left(at) for at in (3_600.0, 3_603.0, 3_605.0)] == [5.0, 2.0, 0.0]


def test_a_line_that_is_open_stays_so_though_the_clock_is_set_back() -> None:
    line = Line(1.0)
    line.spend(10_000.0, 1)
    assert [line.left(at) for at in (10_001.0, 3_600.0, 3_601.0, 3_700.0)] == [0.0, 1.0, 0.0, 0.0]


def test_pauses_double_up_to_the_most_and_start_again_when_it_works() -> None:
    backoff = Backoff(30.0, 300.0)
    assert [backoff.pause() for _ in range(6)] == [30, 60, 120, 240, 300, 300]
    backoff.reset()
    assert backoff.pause() == 30


@pytest.mark.parametrize(("rate", "segments", "pause"), [(1.0, 1, 1.0), (1.0, 3, 3.0), (10.0, 2, 0.2), (0.5, 0, 2.0)])
def test_the_pace_counts_segments(rate: float, segments: int, pause: float) -> None:
    line = Line(rate)
    line.spend(100.0, segments)
    assert line.left(100.0) == pytest.approx(pause)


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_line_without_a_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        Line(rate)


def test_trouble_pauses_the_line_longer_each_time_and_is_told_in_words() -> None:
    line = Line(1.0)
    assert [line.rest(0.0, BUSY) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert line.left(0.0) == 60
    assert line.trouble == "not_processed: busy"
    assert line.works() and line.trouble is None and not line.works()
    assert line.rest(0.0, BUSY) == 1


def test_our_own_fault_is_retried_slowly() -> None:
    line = Line(1.0)
    assert [line.rest(0.0, OURS) for _ in range(5)] == [30, 60, 120, 240, 300]


def test_the_line_waits_as_long_as_the_provider_asks_but_not_for_ever() -> None:
    assert Line(1.0).rest(0.0, SendError("x", Fault.NOT_PROCESSED, 17.0)) == 17
    assert Line(1.0).rest(0.0, SendError("x", Fault.NOT_PROCESSED, 86_400.0)) == 300


def test_the_text_itself_is_due_after_the_pause_so_that_another_goes_first() -> None:
    assert [due_again(100.0, attempts, BUSY, 1.0) for attempts in (1, 2, 3, 9, 10_000)] == [102, 104, 108, 160, 160]
    assert due_again(100.0, 1, OURS, 300.0) == 401
    assert due_again(100.0, 1, SendError("x", Fault.NOT_PROCESSED, 3600.0), 300.0) == 3700
