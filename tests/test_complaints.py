"""The same complaint does not fill the log."""

from __future__ import annotations

import logging

import pytest

from textback import complaints
from textback.complaints import EVERY, Complaints


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def to(clock: Time) -> Complaints:
    return Complaints(logging.getLogger("textback.test"), clock)


def test_each_complaint_is_told_once(to: Complaints, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(1000):
        to.tell("no signature")
        to.tell("wrong signature")
    assert caplog.messages == ["no signature", "wrong signature"]


def test_the_same_of_another_peer_or_of_another_kind_is_told_too(
    to: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(100):
        to.tell("closed early", "10.1.0.1", "cut")
        to.tell("closed after 3 bytes", "10.1.0.1", "cut")
        to.tell("closed early", "10.1.0.2", "cut")
        to.tell("said nothing", "10.1.0.2", "silent")
    assert caplog.messages == ["10.1.0.1: closed early", "10.1.0.2: closed early", "10.1.0.2: said nothing"]


def test_after_a_while_it_is_told_again_with_how_often_it_was_due(
    to: Complaints, clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    for clock.now in (0.0, 10.0, EVERY - 1, EVERY, 2 * EVERY):
        to.tell("no signature")
    again = "no signature (and 2 times more since it was last told)"
    assert caplog.messages == ["no signature", again, "no signature"]


def test_a_clock_that_was_put_back_does_not_silence_it(
    to: Complaints, clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    to.tell("no signature")
    clock.now = -10 * EVERY
    to.tell("no signature")
    assert len(caplog.messages) == 2


def test_a_flood_of_peers_is_not_remembered_for_ever(
    to: Complaints, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(complaints, "MOST", 2)
    for peer in ("a", "b", "c", "c", "a"):
        to.tell("closed early", peer)
    assert caplog.messages == [f"{peer}: closed early" for peer in ("a", "b", "c", "a")]
