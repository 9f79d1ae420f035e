from __future__ import annotations

import pytest

from textback.doctor.freeswitch.lines import as_read

COMMAND = '<X-PRE-PROCESS cmd="include" data="../x.xml"/>'


@pytest.mark.parametrize(
    "line", ["  <a/>", '<XX-PRE-PROCESS cmd="set" data="a=b"/>', "<include>", COMMAND, "<!-- a -->"]
)
def test_usual_lines_are_not_odd(line: str) -> None:
    assert as_read(f"{line}\n", "one.xml")[1] == []


def test_a_line_with_a_command_is_nothing_else() -> None:
    text, (odd,) = as_read(f'<queues>\n<queue name="a">{COMMAND}</queue>\n', "one.xml")
    assert text == f"<queues>\n{COMMAND}\n"
    assert (odd.line, odd.apart, odd.is_commented) == (2, ('<queue name="a">', COMMAND, "</queue>"), False)


def test_a_line_with_an_include_element_is_nothing_at_all() -> None:
    text, (odd,) = as_read('<include><context name="a">\n</context>\n</include>', "one.xml")
    assert text == "\n</context>\n" and odd.apart == ("<include>", '<context name="a">')


def test_a_command_in_a_comment_of_its_line_counts() -> None:
    text, (odd,) = as_read(f"<!-- {COMMAND} -->", "one.xml")
    assert text == COMMAND and odd.is_commented
    assert odd.apart == ('<!-- <X-NO-PRE-PROCESS cmd="include" data="../x.xml"/> -->',)


def test_what_was_written_before_there_were_commands_is_one() -> None:
    assert as_read('<!--#include "x.xml"-->', "one.xml") == ("<X-PRE-PROCESS cmd=\"include\" data='x.xml'/>", [])
