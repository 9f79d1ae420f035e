"""The same complaint does not fill the log."""

from __future__ import annotations

import logging

import pytest

from textback.web.complaints import QUIET, Complaints


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def complaints(clock: Time) -> Complaints:
    return Complaints(logging.getLogger("textback.test"), clock)


def test_each_complaint_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    to = complaints(Time())
    for _ in range(1000):
        to.tell("no signature")
        to.tell("wrong signature")
    assert caplog.messages == ["no signature", "wrong signature"]


def test_after_an_hour_it_is_told_again_with_how_often_it_was_due(caplog: pytest.LogCaptureFixture) -> None:
    clock = Time()
    to = complaints(clock)
    for _ in range(4):
        to.tell("no signature")
    clock.now = QUIET
    to.tell("no signature")
    clock.now = 2 * QUIET
    to.tell("no signature")
    assert caplog.messages == [
        "no signature",
        "no signature (3 more since the last time)",
        "no signature",
    ]


def test_a_clock_that_was_put_back_does_not_silence_it(caplog: pytest.LogCaptureFixture) -> None:
    clock = Time()
    to = complaints(clock)
    to.tell("no signature")
    clock.now = -10 * QUIET
    to.tell("no signature")
    assert len(caplog.messages) == 2
