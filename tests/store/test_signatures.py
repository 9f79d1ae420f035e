from __future__ import annotations

from textback.store.practices import PracticeRow
from textback.store.signatures import by_apply, by_page, page_version, signed


def row(by: str, version: int = 7) -> PracticeRow:
    return PracticeRow("Grove", {}, version, 0.0, by)


def test_what_the_page_changed_is_remembered_through_every_apply() -> None:
    assert page_version(row(by_page("ann"))) == 7
    assert page_version(row(by_apply("root", 0))) == 0
    assert page_version(row(by_apply("root", 4))) == 4
    assert page_version(row(by_apply("x" * 300, 4))) == 4
    assert len(by_apply("x" * 300, 123_456_789)) <= 100


def test_a_signature_tells_who_it_was_and_how() -> None:
    assert signed(by_page("ann")) == ("ann", False)
    assert signed(by_apply("root", 0)) == ("root", True)
    assert signed(by_apply("anna, the second", 4)) == ("anna, the second", True)
