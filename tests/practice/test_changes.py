from __future__ import annotations

from textback.practice.changes import changes


def test_each_changed_key_is_told_with_both_values() -> None:
    before = {"a": {"b": 1, "gone": True}, "line": [{"name": "x"}], "same": 1}
    after = {"a": {"b": 2}, "line": [{"name": "x"}, {"name": "y"}], "same": 1}
    assert list(map(str, changes(before, after))) == [
        "a.b: 1 -> 2",
        "a.gone: true -> (default)",
        'line[1].name: (default) -> "y"',
    ]


def test_numbers_of_persons_are_masked() -> None:
    (one,) = changes({"practice": {"test_numbers": []}}, {"practice": {"test_numbers": ["+12025550143"]}})
    assert str(one) == 'practice.test_numbers: [] -> ["+1202•••0143"]'


def test_equal_documents_have_none() -> None:
    assert list(changes({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]})) == []
