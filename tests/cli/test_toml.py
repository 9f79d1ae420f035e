from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.cli import toml

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain = st.one_of(texts, st.booleans(), st.integers(-(2**31), 2**31))
documents = st.dictionaries(texts, st.one_of(plain, st.lists(plain, max_size=3), st.dictionaries(texts, plain)))


@given(documents)
def test_what_is_written_is_read_as_the_same(document: dict[str, Any]) -> None:
    assert tomllib.loads(toml.dumps(document)) == document


@pytest.mark.parametrize("value", [["a", "b, c"], ['"', "]"], []])
def test_a_list_stands_on_one_line(value: list[str]) -> None:
    line = toml.entry("key", value)
    assert "\n" not in line
    assert tomllib.loads(line) == {"key": value}
