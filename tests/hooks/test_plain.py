from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.hooks.agi_session import quoted
from textback.hooks.plain import LONGEST_VALUE, plain

#: bytes of a command that Asterisk reads (AGI_BUF_LEN in res/res_agi.c, without its end)
LONGEST_COMMAND = 2047


@given(st.text(max_size=2 * LONGEST_VALUE))
def test_no_value_means_anything_to_a_dialplan_or_is_too_long_for_a_command(value: str) -> None:
    shown = plain(value)

    assert not set(shown) & set("\"'`$\\{}[]()<>|&;,!?=%~^\n\r\t\x00")
    assert len(f"SET VARIABLE CHANNEL(language) {quoted(shown)}".encode()) <= LONGEST_COMMAND


@pytest.mark.parametrize("name", ["Zoë Müller-Lüdenscheidt", "Nguyễn Thị Minh", "สมชาย", "J. R. Smith 2nd"])
def test_names_stay_as_they_are(name: str) -> None:
    assert plain(name) == name


def test_an_apostrophe_becomes_one_that_ends_no_string() -> None:
    assert plain("O'Brien") == "O’Brien"
