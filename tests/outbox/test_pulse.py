"""Whether another sender lives is seen by its beat moving, and never by its clock."""

from __future__ import annotations

import pytest

from textback.outbox.pulse import Pulse

#: what the others' clock shows, a day from ours
THEIRS = 1_800_000_000.0 - 86_400.0
PATIENCE = 35.0


def test_a_sender_whose_beat_moves_lives_whatever_its_clock_shows() -> None:
    pulse = Pulse(PATIENCE)
    for count in range(20):
        now = 1_800_000_000.0 + 5 * count
        assert not pulse.is_gone("them", {"them": (count, THEIRS + 5 * count)}, now)


def test_a_sender_whose_beat_stands_still_is_gone_after_a_while() -> None:
    pulse = Pulse(PATIENCE)
    looks = [pulse.is_gone("them", {"them": (7, THEIRS)}, 1_800_000_000.0 + at) for at in (0.0, 34.0, 35.0)]
    assert looks == [False, False, True]


def test_a_sender_that_has_left_is_gone_at_once() -> None:
    assert Pulse(PATIENCE).is_gone("them", {}, 1_800_000_000.0)


def test_a_sender_on_this_machine_whose_process_has_died_is_gone_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textback.outbox.pulse.is_dead", lambda name: name == "died")
    assert [Pulse(PATIENCE).is_gone(name, {name: (7, THEIRS)}, 1_800_000_000.0) for name in ("died", "lives")] == [
        True, False
    ]  # fmt: skip


def test_a_clock_of_ours_that_is_set_back_begins_to_watch_anew() -> None:
    pulse = Pulse(PATIENCE)
    pulse.is_gone("them", {"them": (7, THEIRS)}, 1_800_000_000.0)
    looks = [pulse.is_gone("them", {"them": (7, THEIRS)}, 1_799_000_000.0 + at) for at in (0.0, 36.0)]
    assert looks == [False, True]
