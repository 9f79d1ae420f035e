"""Previews: every text as it would be read, with the numbers that a manager wants before going live."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practices import practice
from textback.practice import Practice
from textback.practice.preview import Preview, line_of, places, previews

LINES = [
    {"name": "Front desk", "number": "+12025550100", "queues": ["support", "main/sales"]},
    {"name": "The billing department", "number": "+12025550101", "queues": ["billing"]},
]


def shown(wanted: Practice, queue: str | None = None, price: float = 0.0) -> list[Preview]:
    return [one for place in places(wanted, queue) for one in previews(wanted, place, price)]


def asked(text: str, queue: str | None = None, price: float = 0.0, **want: Any) -> Preview:
    """The text that callers get who asked for one."""
    wanted = practice(**{"call_to_text__message": {"en": text}, "abandoned": {}} | want)
    (found,) = [one for one in shown(wanted, queue, price) if one.flow == "call_to_text"]
    return found


def test_each_flow_is_shown_in_each_of_its_languages_the_practices_own_first() -> None:
    found = [(one.flow, one.when, one.queue, one.language) for one in shown(practice(practice__language="en"))]
    assert found == [
        ("call_to_text", None, None, "en"),
        ("abandoned", None, None, "en"),
        ("abandoned", None, None, "es"),
        ("missed", "during_hours", None, "en"),
        ("missed", "outside_hours", None, "en"),
    ]
    texts = {"de": "{practice}", "en": "{practice}", "fr": "{practice}"}
    french = practice(practice__language="fr", missed={}, abandoned={}, call_to_text={"message": texts})
    assert [one.language for one in shown(french)] == ["fr", "de", "en"]


def test_the_sample_caller_is_known_and_a_stranger_is_shown_where_it_matters() -> None:
    one = asked("{first_name|Hello}: {practice}, {line}, {queue}, {wait}, {url}", practice__url="https://r")
    assert one.text == "Maria: Riverside, Front desk, support, 2 minutes, https://r"
    assert one.to_strangers == "Hello: Riverside, Front desk, support, 2 minutes, https://r"
    assert asked("{practice}").to_strangers is None


def test_length_segments_and_cost_are_those_of_the_sample() -> None:
    one = asked("{practice}: " + "a" * 160, price=0.0079)
    assert (one.characters, one.limit, one.segments, one.encoding, one.cost) == (171, 255, 2, "GSM-7", 0.0158)
    assert asked("{practice}").cost is None


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("{practice}", 9), ("{practice}{first_name}", 29), ("{practice}{first_name|everybody out there}", 29),
        ("{practice}{queue}", 39), ("{practice}{wait}", 27), ("{practice} {line}", 32),
    ],
)  # fmt: skip
def test_the_most_that_a_text_may_take_counts_the_longest_values(text: str, most: int) -> None:
    assert asked(text, line=LINES).most_characters == most


def test_the_most_segments_are_counted_too() -> None:
    one = asked("{practice} " + "a" * 140 + " {first_name|you}")
    assert (one.segments, one.most_segments) == (1, 2)


def test_a_queue_is_shown_with_its_own_line_and_words() -> None:
    own = {"billing": {"message": {"en": "{practice}, {line}, {queue}"}}, "support": {"after": "9s"}}
    wanted = practice(line=LINES, call_to_text__queue=own)
    first, *rest = [one for one in shown(wanted) if one.flow == "call_to_text"]
    assert (first.queue, first.line) == (None, "+12025550100")
    assert [(one.queue, one.line, one.text) for one in rest] == [
        ("billing", "+12025550101", "Riverside, The billing department, billing")
    ]
    assert rest[0].most_characters == rest[0].characters
    there = [one for one in shown(wanted, "main/billing")]
    assert there[0].text == rest[0].text and {one.queue for one in there} == {"main/billing"}


def test_what_is_off_in_a_queue_is_shown_as_off() -> None:
    wanted = practice(missed__queue={"support": {"during_hours": {"enabled": False}}})
    found = [(one.when, one.queue, one.enabled) for one in shown(wanted) if one.flow == "missed"]
    assert found == [
        ("during_hours", None, True), ("during_hours", "support", False), ("outside_hours", None, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("queue", "number"),
    [
        ("support", "+12025550100"), ("billing", "+12025550101"), ("main/billing", "+12025550101"),
        ("sales", "+12025550100"), ("nowhere", "+12025550100"), (None, "+12025550100"),
    ],
)  # fmt: skip
def test_the_line_is_that_of_the_queue_else_the_first(queue: str | None, number: str) -> None:
    assert line_of(practice(line=LINES), queue).number == number


def test_characters_that_make_a_text_dearer_are_named() -> None:
    (warning,) = asked("{practice}’s " + "a" * 80).warnings
    assert warning.startswith("takes 2 segments instead of 1 because of ’ (right single quotation mark): not in")
    assert asked("{practice}’s").warnings == ()
    (hidden,) = asked("{practice}\u200b" + "a" * 80).warnings
    assert "because of zero width space: not in" in hidden and "\u200b" not in hidden
    (many,) = asked("{practice} ąęłńśźż" + "a" * 80).warnings
    assert "and others" in many


def test_doubts_about_a_text_stand_beside_it() -> None:
    assert asked("How can we help?").warnings[0].startswith("doesn't say who is writing")
    closed = asked("{practice}: reply here", chat__allow_start=False)
    assert closed.warnings == ("invites a reply, and the chat rules refuse it",)
    assert asked("How can we help?", call_to_text__enabled=False).warnings == ()


def test_a_language_that_only_other_texts_have_is_missed() -> None:
    found = {(one.flow, one.language): one.warnings for one in shown(practice()) if one.when != "outside_hours"}
    assert found["abandoned", "en"] == found["abandoned", "es"] == ()
    assert found["missed", "en"][0].startswith("goes to readers of es, too")
