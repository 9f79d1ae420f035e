"""What was sealed is opened again; what somebody else made, or made for something else, is not."""

from __future__ import annotations

import pytest

from textback.web.seals import Seals

OURS = Seals("a secret")


@pytest.mark.parametrize("value", ["x", "a:b", "a.1795262400", "\u00e9", "x" * 1000])
def test_what_was_sealed_is_opened_for_the_same_purpose_only(value: str) -> None:
    sealed = OURS.sealed("session", value)
    assert OURS.opened("session", sealed) == value
    assert OURS.opened("door", sealed) is None
    assert Seals("another").opened("session", sealed) is None


@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s + "A", lambda s: "y" + s[1:], lambda s: s.upper()])
def test_what_was_changed_is_not(change: object) -> None:
    assert callable(change)
    assert OURS.opened("session", change(OURS.sealed("session", "xyz"))) is None


@pytest.mark.parametrize("forged", ["", ":", "x", "x:", ":x", "\ud800:\ud800", "x:" + "A" * 43])
def test_what_was_made_up_is_not(forged: str) -> None:
    assert OURS.opened("session", forged) is None


def test_a_purpose_and_a_value_cannot_be_shifted() -> None:
    assert OURS.mark("a", "bc") != OURS.mark("ab", "c")
