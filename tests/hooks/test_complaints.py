from __future__ import annotations

import logging

import pytest

from textback.hooks import complaints
from textback.hooks.complaints import Complaints


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tell(clock: Clock) -> Complaints:
    return Complaints(logging.getLogger("textback.hooks"), clock, every=60.0)


def test_the_same_of_the_same_peer_is_said_once(tell: Complaints, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        tell.tell("127.0.0.1", "cut", "closed early")

    assert caplog.messages == ["127.0.0.1: closed early"]


def test_other_kinds_and_other_peers_are_said_too(tell: Complaints, caplog: pytest.LogCaptureFixture) -> None:
    tell.tell("10.1.0.1", "cut", "closed early")
    tell.tell("10.1.0.2", "cut", "closed early")
    tell.tell("10.1.0.2", "silent", "said nothing")

    assert len(caplog.messages) == 3


def test_after_a_while_it_is_said_again_with_how_often(
    tell: Complaints, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for clock.now in (0.0, 10.0, 59.0, 60.0):
        tell.tell("127.0.0.1", "cut", "closed early")

    assert caplog.messages[1:] == ["127.0.0.1: closed early (and 2 times more since it was last told)"]


def test_a_flood_of_peers_is_not_remembered_for_ever(
    tell: Complaints, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(complaints, "MOST", 2)
    for peer in ("a", "b", "c", "c", "a"):
        tell.tell(peer, "cut", "closed early")

    assert caplog.messages == [f"{peer}: closed early" for peer in ("a", "b", "c", "a")]
