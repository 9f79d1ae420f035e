"""What a caller reads, how long it may get, and how carriers count it."""

from __future__ import annotations

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from textback import template
from textback.model import Flow

VALUES = {
    "practice": "Riverside",
    "line": "Front desk",
    "queue": "support",
    "wait": "2 minutes",
    "url": "https://r",
}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("This is {practice}.", "This is Riverside."),
        ("{line}/{queue}/{wait}/{url}", "Front desk/support/2 minutes/https://r"),
        ("Hi {first_name|there}!", "Hi there!"),
        ("Hi {first_name}!", "Hi !"),
        ("Hi {first_name|}!", "Hi !"),
        (
            "{nobody} { practice } {practice {} {practice.__class__} }{",
            "{nobody} { practice } {practice {} {practice.__class__} }{",
        ),
        ("{queue|us}", "{queue|us}"),
        ("{practice!r:>10}", "{practice!r:>10}"),
        ("", ""),
    ],
)
def test_placeholders_are_filled_and_all_else_is_left_alone(text: str, rendered: str) -> None:
    assert template.render(text, VALUES) == rendered


def test_a_first_name_of_twenty_characters_is_used_and_a_longer_one_takes_the_fallback() -> None:
    assert template.render("{first_name|there}", {"first_name": "W" * 20}) == "W" * 20
    assert template.render("{first_name|there}", {"first_name": "W" * 21}) == "there"
    assert template.render("{first_name|there}", {"first_name": ""}) == "there"


def test_a_queue_shows_its_first_thirty_characters() -> None:
    assert template.render("{queue}", {"queue": "q" * 40}) == "q" * 30


def test_a_value_with_braces_is_not_expanded_again() -> None:
    assert template.render("{practice}", {"practice": "{url}", "url": "x"}) == "{url}"


def test_a_placeholder_of_replies_is_filled_where_its_value_is_given() -> None:
    assert template.render("{staff}", {"staff": "Ana"}) == "Ana"
    assert template.render("{staff}", {}) == "{staff}"


def test_a_good_text_has_no_mistakes() -> None:
    assert template.mistakes("This is {practice}. {first_name|there}", 255, VALUES) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{practise}", "unknown placeholder {practise}"),
        ("{staff}", "unknown placeholder {staff}"),
        ("{queue|us}", "a fallback with {first_name|…} only"),
        ("{practice", "brace"),
        ("practice}", "brace"),
        ("{{practice}}", "brace"),
        ("{}", "brace"),
        ("{Practice}", "brace"),
    ],
)
def test_what_is_no_placeholder_is_a_mistake(text: str, words: str) -> None:
    [mistake] = template.mistakes(text, 255, VALUES)
    assert words in mistake


def test_all_mistakes_of_a_text_are_told_at_once() -> None:
    assert len(template.mistakes("{a} {b} {" + "x" * 300, 255, VALUES)) == 4


def test_extra_placeholders_are_known_where_they_are_given() -> None:
    assert template.mistakes("{staff}", None, {}, extra=["staff"]) == []


@pytest.mark.parametrize(
    ("placeholder", "longest"),
    [
        ("{first_name}", 20),
        ("{first_name|there}", 20),
        ("{first_name|our most esteemed caller}", 24),
        ("{queue}", 30),
        ("{practice}", len("Riverside")),
        ("{line}", len("Front desk")),
        ("{wait}", len("less than a minute")),
    ],
)
def test_the_limit_holds_with_the_longest_possible_values(placeholder: str, longest: int) -> None:
    fixed = {name: VALUES[name] for name in ("practice", "line", "url")}
    limit = template.LIMITS[Flow.MISSED]
    assert template.mistakes("x" * (limit - longest) + placeholder, limit, fixed, "en") == []
    [mistake] = template.mistakes("x" * (limit - longest + 1) + placeholder, limit, fixed, "en")
    assert "201 characters" in mistake and "200" in mistake


@given(
    text=st.text("ab {}|_", max_size=30)
    | st.sampled_from(["{first_name|there} {queue} {wait}", "{wait}{practice}"]),
    first_name=st.none() | st.text(max_size=40),
    queue=st.text(max_size=60),
    seconds=st.floats(0, 100_000),
    language=st.sampled_from(["en", "es", "fr", "de"]),
)
def test_no_values_make_a_text_longer_than_what_was_checked(
    text: str, first_name: str | None, queue: str, seconds: float, language: str
) -> None:
    fixed = {"practice": "Riverside", "line": "", "url": ""}
    values = {
        **fixed,
        "queue": queue,
        "wait": template.wait_words(seconds, language),
        "first_name": first_name or "",
    }
    assert len(template.render(text, values)) <= template.longest(text, fixed, language)


def test_every_character_counts_one() -> None:
    assert template.mistakes("👍" * 200, 200, {}) == []
    assert template.mistakes("👍" * 201, 200, {}) == ["up to 201 characters, expected at most 200"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59.9, "less than a minute"),
        (60, "1 minute"),
        (89.9, "1 minute"),
        (95, "2 minutes"),
        (120, "2 minutes"),
        (3600, "60 minutes"),
        (3601, "more than an hour"),
    ],
)
def test_a_wait_is_told_to_the_nearest_minute(seconds: float, words: str) -> None:
    assert template.wait_words(seconds, "en") == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", "2 minutos"),
        ("es-MX", "2 minutos"),
        ("ES", "2 minutos"),
        ("fr", "2 minutes"),
        ("tlh", "2 minutes"),
    ],
)
def test_a_wait_is_told_in_the_language_or_else_in_english(language: str, words: str) -> None:
    assert template.wait_words(120, language) == words


@pytest.mark.parametrize(
    ("text", "count", "encoding", "units"),
    [
        ("", 0, "GSM-7", 0),
        ("a" * 160, 1, "GSM-7", 160),
        ("a" * 161, 2, "GSM-7", 161),
        ("a" * 306, 2, "GSM-7", 306),
        ("a" * 307, 3, "GSM-7", 307),
        ("€" * 80, 1, "GSM-7", 160),
        ("a" * 152 + "€" + "a" * 152, 3, "GSM-7", 306),
        ("Ç", 1, "GSM-7", 1),
        ("ç", 1, "UCS-2", 1),
        ("ó" * 70, 1, "UCS-2", 70),
        ("ó" * 71, 2, "UCS-2", 71),
        ("👍" * 35, 1, "UCS-2", 70),
        ("ó" * 66 + "👍" + "ó" * 66, 3, "UCS-2", 134),
        ("\u00a0", 1, "UCS-2", 1),
    ],
)
def test_segments_are_counted_as_carriers_do(text: str, count: int, encoding: str, units: int) -> None:
    counted = template.segments(text)
    assert (counted.count, counted.encoding, counted.units) == (count, encoding, units)


GSM_TEXT = st.text("abc \n@éÇΩ€[]{}~^|\\", min_size=1, max_size=500)
# smsutil takes a bare escape for a character of GSM-7; it only introduces one.
ANY_TEXT = st.text(
    st.sampled_from("aé€[çó👍漢") | st.characters(exclude_categories=["Cs"], exclude_characters="\x1b"),
    min_size=1,
    max_size=250,
)


@given(GSM_TEXT | ANY_TEXT)
def test_segments_agree_with_smsutil(text: str) -> None:
    oracle = smsutil.split(text)
    counted = template.segments(text)
    assert counted.count == len(oracle.parts)
    assert counted.encoding == {"gsm0338": "GSM-7", "utf_16_be": "UCS-2"}[oracle.encoding]


def test_the_widest_forms_are_as_long_as_they_are_said_to_be() -> None:
    text, fixed = "{first_name|you}, {practice}: {wait} in {queue}", {"practice": "Riverside", "line": "", "url": ""}
    unnamed, named = template.widest(text, fixed, "en")
    assert unnamed == f"you, Riverside: less than a minute in {'W' * 30}"
    assert named == f"{'W' * 20}, Riverside: less than a minute in {'W' * 30}"
    assert template.longest(text, fixed, "en") == len(named)
