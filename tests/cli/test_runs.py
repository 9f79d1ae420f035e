"""Lines of which the same is to be said are told together."""

from __future__ import annotations

from textback.cli.runs import Runs


def test_a_run_ends_with_another_word_or_a_gap() -> None:
    told: list[tuple[int, int, str]] = []
    runs = Runs(lambda first, last, said: told.append((first, last, said)))
    for line, said in ((2, "a"), (3, "a"), (4, "b"), (6, "b"), (7, "b")):
        runs.add(line, said)
    assert told == [(2, 3, "a"), (4, 4, "b")]
    runs.end()
    runs.end()
    assert told[2:] == [(6, 7, "b")]
