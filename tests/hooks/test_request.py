from __future__ import annotations

import pytest

from textback.hooks.request import language_of, read_arguments, told


def test_arguments_are_percent_decoded_and_the_first_of_a_key_counts() -> None:
    assert read_arguments("queue=front%20desk&queue=back&lang=es") == {"queue": "front desk", "lang": "es"}


def test_arguments_of_agi_come_after_those_of_the_query_and_stay_as_they_are() -> None:
    assert read_arguments("queue=a", ["queue=b", "prompt=100%25", "key = 5"]) == {
        "queue": "a",
        "prompt": "100%25",
        "key": "5",
    }


def test_a_plus_stays_a_plus_and_an_encoded_equals_sign_is_part_of_its_value() -> None:
    assert read_arguments("number=+12025550143&prompt=a%3Db%26c") == {"number": "+12025550143", "prompt": "a=b&c"}


@pytest.mark.parametrize("query", ["", "&&", "queue", "arg one"])
def test_what_is_no_pair_is_left_out(query: str) -> None:
    assert read_arguments(query, ["second"]) == {}


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert read_arguments("queue=Zo%EB") == {"queue": "Zo\ufffd"}


@pytest.mark.parametrize(
    ("lang", "language"),
    [("es", "es"), ("es_MX", "es_MX"), ("pt-BR", "pt-BR"), ("e", None), ("es;rm", None), ("", None)],
)
def test_only_a_language_is_one(lang: str, language: str | None) -> None:
    assert language_of({"lang": lang}) == language


def test_what_follows_is_told_only_where_there_was_a_text() -> None:
    assert "TEXTBACK_AFTER" not in told("refused", "landline")
    assert told("texted", "", "stay")["TEXTBACK_AFTER"] == "stay"
