from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.doctor.freeswitch.tags import COMMENTED, TagError, place_of, read_tags, tag_of


def test_elements_are_known_with_their_place_and_as_they_stand() -> None:
    text = '<?xml version="1.0"?>\n<a>\n  <b name="x"\n     value="y"/> <c>words</c>\n</a>\n<d/>'
    a, d = read_tags(text, "one.xml").children
    b, c = a.children
    assert (b.line, tag_of(b), c.line, c.text, d.line) == (3, '<b name="x"\n     value="y"/>', 4, "words", 6)
    assert place_of(b) == "one.xml, line 3"


def test_attributes_hold_what_freeswitch_takes_and_xml_does_not() -> None:
    (node,) = read_tags("<condition expression=\"^(?<name>a&b|'c')$\" field='x > \"y\"' field=\"second\"/>").children
    assert node.attributes == {"expression": "^(?<name>a&b|'c')$", "field": 'x > "y"'}


def test_entities_are_what_they_stand_for() -> None:
    (node,) = read_tags('<a b="&lt;&amp;&#53;"/>').children
    assert node.get("b") == "<&5"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("<a>\n<b>\n</a>", 3, "comes while <b> of line 2 has not ended"),
        ("<a>\n</a>\n</a>", 3, "ends what has not begun"),
        ("<a>\n<b>", 2, "<b> has no </b>"),
        ('<a>\n<b c="d/>\n<e f="g"/>\n</a>', 2, "is a tag that does not end"),
        ("<a b=c/>", 1, 'is no name="value"'),
    ],
)
def test_what_freeswitch_cannot_read_is_told_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(TagError) as raised:
        read_tags(text)
    assert raised.value.line == line and why in raised.value.why


def test_a_comment_is_nothing_but_for_the_commands_in_it() -> None:
    root = read_tags('<a><!-- <b> -->\n<!--\n<X-PRE-PROCESS cmd="include" data="x.xml"/>\n--></a>')
    (command,) = root.children[0].children
    assert (command.tag, command.get("data"), command.line) == (COMMENTED, "x.xml", 3)


def test_what_the_pbx_told_is_written_as_a_person_would() -> None:
    node = read_tags('<param name="a" value="b"></param>').children[0]
    node.source = ""
    assert tag_of(node) == '<param name="a" value="b"/>'


@given(st.text(alphabet="<>/='\"-! ab\n&;"))
def test_nothing_but_its_own_error_comes_of_any_text(text: str) -> None:
    try:
        read_tags(text)
    except TagError as error:
        assert 1 <= error.line <= text.count("\n") + 1
