from __future__ import annotations

import getpass

import pytest

from textback.cli.author import author


def test_what_is_done_is_signed_with_the_name_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    assert author() == "ann"


@pytest.mark.parametrize("error", [OSError, KeyError])
def test_a_user_without_a_name_is_somebody(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def nobody() -> str:
        raise error("no such user")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert author() == "somebody"
