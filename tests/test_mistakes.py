"""How a mistake is told: where, what was found, and nothing that must not be shown."""

from __future__ import annotations

import pytest

from textback.mistakes import Mistake, key_of, not_yet_told, shown


def test_a_key_is_told_as_the_file_spells_it() -> None:
    assert key_of(("missed", "during_hours", "message", "en")) == "missed.during_hours.message.en"
    assert key_of(("line", 0, "number")) == "line[0].number"
    assert key_of(("hours", "a\nb")) == 'hours."a\\nb"'
    assert key_of(("hours", "open", "2026-13-01", "[key]")) == "hours.open.2026-13-01"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "true"),
        (5, "5"),
        ("five", '"five"'),
        ("five\nand", '"five\\nand"'),
        ({}, "an empty table"),
        ({"a": 1}, "a table"),
        ([1], "a list"),
        ("x" * 100, '"' + "x" * 60 + '…"'),
    ],
)
def test_a_value_is_shown_short_and_on_one_line(value: object, words: str) -> None:
    assert shown(value) == words


@pytest.mark.parametrize("key", ["http.secret", "pbx[0].secret", "sms.twilio.auth_token"])
def test_a_secret_is_not_shown(key: str) -> None:
    assert "hunter2" not in shown("hunter2", key)


@pytest.mark.parametrize(
    "url", ["postgresql://textback:hunter2@db/x", "mysql://u:hunter2/y@z@db/x", "x://:hunter2@db"]
)
def test_a_password_in_a_url_is_not_shown(url: str) -> None:
    assert "hunter2" not in shown(url, "database.url")
    assert "db" in shown(url, "database.url")


@pytest.mark.parametrize("key", ["guards.blocked[0]", "practice.test_numbers[3]"])
def test_a_persons_number_is_masked(key: str) -> None:
    assert shown("+12025550143", key) == '"+1202•••0143"'
    assert "255501" not in shown(12025550143, key)


def test_what_follows_from_a_mistake_is_not_told_again() -> None:
    told = [Mistake("line[0].number", "3", "text")]
    more = [
        Mistake(key, "nothing", "x") for key in ("line[0].number", "line[0]", "line", "line[0].name", "lines")
    ]
    assert [one.key for one in not_yet_told(told, more)] == ["line[0].name", "lines"]


def test_a_mistake_reads_as_a_sentence() -> None:
    assert str(Mistake("a.b", "5", "text")) == "a.b: found 5, expected text"
