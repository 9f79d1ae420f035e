"""A practice file: what it means, what is wrong with it, and that writing it back changes nothing."""

from __future__ import annotations

import copy
import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from textback.hours import Hours
from textback.practice import PracticeError, message_in, read_practice, to_document

DATA = Path(__file__).parent / "data"
EXAMPLE: dict[str, Any] = tomllib.loads((DATA / "practice.toml").read_text("utf-8"))
SMALLEST: dict[str, Any] = {
    "practice": {"name": "Riverside", "timezone": "America/New_York", "region": "US"},
    "line": [{"name": "Desk", "number": "+12025550100"}],
}


def changed(key: str, value: object, base: dict[str, Any] = EXAMPLE) -> dict[str, Any]:
    """``base`` with the value at ``key`` (``line.0.number``) replaced or added."""
    document: dict[str, Any] = copy.deepcopy(base)
    *path, last = key.split(".")
    at: Any = document
    for step in path:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    at[int(last) if isinstance(at, list) else last] = value
    return document


def mistakes(document: dict[str, Any]) -> dict[str, str]:
    """What reading says about each key."""
    with pytest.raises(PracticeError) as caught:
        read_practice(document)
    return {one.key: f"found {one.found}, expected {one.expected}" for one in caught.value.mistakes}


def test_the_example_means_what_it_says() -> None:
    practice = read_practice(EXAMPLE)
    assert (practice.name, practice.timezone, practice.region, practice.language) == (
        "Riverside Clinic",
        "America/New_York",
        "US",
        "en",
    )
    assert (practice.default, practice.url, practice.mode) == (True, "https://riverside.example.org", "live")
    [line] = practice.lines
    assert (line.number, line.main_number, line.queues) == (
        "+12025550100",
        "+12025550199",
        ("support", "main/sales"),
    )
    assert practice.hours.weekly[0] == ((480, 720), (780, 1020))
    assert practice.hours.open == {date(2026, 11, 27): ((540, 720),)}
    assert practice.hours.closed == {date(2026, 12, 24)}
    assert (practice.call_to_text.after, practice.call_to_text.cooldown, practice.abandoned.min_hold) == (
        30,
        120,
        5,
    )
    assert practice.missed.outside_hours.enabled and practice.missed.count_unreached_outside_hours
    assert practice.guards.quiet_hours is None
    assert [response.title for response in practice.quick_responses] == ["DOB Request", "Insurance Request"]
    assert practice.warnings() == []


def test_the_stories_practice_is_read() -> None:
    practice = read_practice(tomllib.loads((DATA / "stories_practice.toml").read_text("utf-8")))
    assert (practice.call_to_text.after_text, practice.call_to_text.offer) == ("stay", "none")
    assert not practice.missed.outside_hours.enabled
    assert practice.chat.hours is None


def test_what_is_not_said_takes_the_default() -> None:
    practice = read_practice(SMALLEST)
    guards, missed = practice.guards, practice.missed
    assert (guards.countries, guards.cooldown, guards.settle, guards.max_age) == (("US",), 14400, 15, 600)
    assert (guards.in_conversation, guards.quiet_hold) == (300, 43200)
    assert (guards.per_minute, guards.per_day, guards.per_prefix, guards.blocked) == (60, 2000, 10, ())
    assert (missed.voicemail, missed.min_ring, missed.count_unreached_outside_hours) == ("missed", 5, False)
    assert not any([practice.call_to_text.enabled, practice.abandoned.enabled, missed.during_hours.enabled])
    assert (practice.default, practice.mode, practice.language, practice.url) == (False, "live", "en", "")
    assert practice.hours == Hours()


def test_the_countries_are_that_of_the_practice_unless_others_are_named() -> None:
    assert read_practice(changed("practice.region", "CA", SMALLEST)).guards.countries == ("CA",)
    assert read_practice(changed("guards.countries", ["US", "CA"], SMALLEST)).guards.countries == ("US", "CA")


def test_numbers_are_read_as_in_the_practices_region_and_kept_as_e164() -> None:
    line = {
        "name": "A",
        "number": "(202) 555-0100",
        "main_number": "12025550199",
        "dids": ["202-555-0199", "0199"],
    }
    practice = read_practice({**SMALLEST, "line": [line]})
    [read] = practice.lines
    assert (read.number, read.main_number, read.dids) == (
        "+12025550100",
        "+12025550199",
        ("+12025550199", "0199"),
    )


def test_a_block_list_has_numbers_and_prefixes() -> None:
    practice = read_practice(changed("guards.blocked", ["2025550143", "+1900", "+1202555*"]))
    assert practice.guards.blocked == ("+12025550143", "+1900", "+1202555")


@pytest.mark.parametrize("queue", ["sales", "main/sales", "branch/sales"])
def test_a_queues_own_rules_win_wherever_the_queue_is(queue: str) -> None:
    practice = read_practice(EXAMPLE)
    assert practice.call_to_text.for_queue(queue).after == 90
    assert practice.call_to_text.for_queue(queue).message == practice.call_to_text.message


def test_rules_of_a_queue_of_one_pbx_hold_there_and_where_the_pbx_is_not_named() -> None:
    practice = read_practice(changed("call_to_text.queue", {"main/sales": {"after": "90s"}}))
    assert [
        practice.call_to_text.for_queue(name).after for name in ("main/sales", "sales", "branch/sales", None)
    ] == [
        90,
        90,
        30,
        30,
    ]


def test_a_queue_may_change_one_language_or_one_half_of_a_flow() -> None:
    document = changed("call_to_text.queue.sales.message", {"es": "{practice}: ventas"})
    document = changed("missed.queue.sales.outside_hours.enabled", False, document)
    practice = read_practice(document)
    assert practice.call_to_text.for_queue("sales").message["es"] == "{practice}: ventas"
    assert practice.call_to_text.for_queue("sales").message["en"] == practice.call_to_text.message["en"]
    missed = practice.missed.for_queue("sales")
    assert (missed.during_hours.enabled, missed.outside_hours.enabled) == (True, False)
    assert missed.outside_hours.message == practice.missed.outside_hours.message


def test_the_texting_staff_have_their_own_week_and_the_practices_holidays() -> None:
    practice = read_practice(EXAMPLE)
    assert practice.texting_hours.weekly[0] == ((540, 1020),)
    assert practice.texting_hours.holidays == "US"
    assert practice.texting_hours.closed == practice.hours.closed
    assert read_practice(SMALLEST).texting_hours == Hours()


def test_quiet_hours_go_over_midnight() -> None:
    assert read_practice(changed("guards.quiet_hours", "21:00-08:00")).guards.quiet_hours == (1260, 480)


def test_a_date_may_stand_without_quotes() -> None:
    assert read_practice(changed("hours.closed", [date(2026, 12, 24)])) == read_practice(EXAMPLE)


@pytest.mark.parametrize("name", ["practice.toml", "stories_practice.toml"])
def test_what_is_written_back_means_the_same_and_is_written_the_same_again(name: str) -> None:
    practice = read_practice(tomllib.loads((DATA / name).read_text("utf-8")))
    document = to_document(practice)
    assert read_practice(json.loads(json.dumps(document))) == practice
    assert read_practice(tomllib.loads(tomli_w.dumps(document))) == practice
    assert to_document(read_practice(document)) == document


def test_what_was_left_to_a_default_is_not_written_back() -> None:
    assert to_document(read_practice(SMALLEST)) == SMALLEST


TEXTS = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), min_size=1, max_size=150)
NAMES = st.text("abc /ÄŁ漢-_.\"'", min_size=1, max_size=20).filter(str.strip)
DURATIONS = st.integers(0, 100_000) | st.floats(0, 1000) | st.sampled_from(["30s", "2m", "1.5h", "1d"])
SPANS = st.sampled_from(
    [[], ["08:00-12:00", "13:00-17:00"], ["22:00-02:00"], ["00:00-24:00"], ["9:05 - 24:00"]]
)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(str)
MESSAGES = st.dictionaries(st.sampled_from(["es", "fr", "pt-BR"]), TEXTS).flatmap(
    lambda others: TEXTS.map(lambda text: {**others, "en": text})
)
TIMING = {
    "after": DURATIONS,
    "key": st.sampled_from("0123456789*#"),
    "after_text": st.sampled_from(["hangup", "stay"]),
}
OF_A_QUEUE = {**TIMING, "enabled": st.booleans(), "message": MESSAGES}
HOURS = st.fixed_dictionaries(
    {},
    optional={
        "mon": SPANS,
        "sun": SPANS,
        "closed": st.lists(DAYS, max_size=3),
        "open": st.dictionaries(DAYS, SPANS, max_size=2),
        "holidays": st.sampled_from(["US", "US-NY", "DE"]),
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "practice": st.fixed_dictionaries(
            {
                "name": NAMES,
                "timezone": st.sampled_from(["UTC", "Europe/Berlin"]),
                "region": st.sampled_from(["US", "CA"]),
            }
        ),
        "line": st.fixed_dictionaries(
            {"name": NAMES, "number": st.sampled_from(["2025550100", "+12025550101"])},
            optional={"queues": st.lists(NAMES, unique=True, max_size=3)},
        ).map(lambda line: [line]),
    },
    optional={
        "hours": HOURS,
        "call_to_text": st.fixed_dictionaries(
            {"message": MESSAGES, "enabled": st.booleans()},
            optional={
                **TIMING,
                "queue": st.dictionaries(NAMES, st.fixed_dictionaries({}, optional=OF_A_QUEUE), max_size=2),
            },
        ),
        "missed": st.fixed_dictionaries(
            {}, optional={"min_ring": DURATIONS, "during_hours": st.fixed_dictionaries({"message": MESSAGES})}
        ),
        "guards": st.fixed_dictionaries(
            {},
            optional={
                "quiet_hours": st.sampled_from([False, "21:00-08:00"]),
                "cooldown": DURATIONS,
                "per_day": st.integers(0, 9999),
            },
        ),
        "chat": st.fixed_dictionaries({}, optional={"hours": HOURS, "closed_reply": TEXTS}),
    },
)


@given(DOCUMENTS)
def test_reading_what_was_written_gives_the_same_practice(document: dict[str, Any]) -> None:
    practice = read_practice(document)
    written = to_document(practice)
    assert read_practice(tomllib.loads(tomli_w.dumps(written))) == practice
    assert to_document(read_practice(json.loads(json.dumps(written)))) == written


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.text("abc", max_size=3), inner, max_size=2),
    max_leaves=4,
)
KEYS = ["practice", "practice.region", "practice.name", "line", "line.0", "line.0.number", "line.0.queues", "hours",
        "hours.mon", "hours.open", "hours.open.2026-11-27", "call_to_text", "call_to_text.message",
        "call_to_text.message.en", "call_to_text.queue", "call_to_text.queue.sales", "missed.during_hours", "guards",
        "guards.countries", "guards.blocked", "guards.quiet_hours", "chat.hours", "quick_response.1",
        "quick_response.1.text"]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(KEYS), JSON_VALUES), min_size=1, max_size=3))
def test_whatever_stands_in_a_file_it_is_read_or_its_mistakes_are_told(
    changes: list[tuple[str, object]],
) -> None:
    document = copy.deepcopy(EXAMPLE)
    for key, value in changes:
        try:
            document = changed(key, value, document)
        except (TypeError, ValueError, LookupError, AttributeError):
            continue  # an earlier change took away what this one would stand in
    try:
        assert read_practice(document).name
    except PracticeError as error:
        assert all(one.key and one.found and one.expected for one in error.mistakes)


@pytest.mark.parametrize(
    ("key", "value", "where", "words"),
    [
        ("practice.nme", "x", "practice.nme", "an unknown key, expected name"),
        ("practise", {}, "practise", "an unknown key, expected practice"),
        ("call_to_text.queue.sales.afer", "9s", "call_to_text.queue.sales.afer", "an unknown key, expected after"),
        ("chat.hours.holliday", "US", "chat.hours.holliday", "an unknown key, expected holidays"),
        ("line.0.fax", "x", "line[0].fax", "one of name, number, main_number, queues, dids"),
        ("practice.timezone", "Mars/Base", "practice.timezone", 'found "Mars/Base", expected a time zone'),
        ("practice.timezone", "../../etc/passwd", "practice.timezone", "a time zone"),
        ("practice.region", "us", "practice.region", 'found "us", expected a country such as "US"'),
        ("practice.mode", "on", "practice.mode", "'live' or 'test'"),
        ("practice.default", "yes", "practice.default", 'found "yes", expected true or false'),
        ("practice.url", "javascript:1", "practice.url", "https://"),
        ("practice.name", "", "practice.name", "some text"),
        ("practice.name", "a\nb", "practice.name", "text on one line"),
        ("practice.test_numbers", ["12"], "practice.test_numbers[0]", 'found "•••", expected a telephone number'),
        ("practice", 3, "practice", "found 3, expected a table"),
        ("line", [], "line", "found nothing, expected at least one [[line]]"),
        ("line", {"name": "x"}, "line", "found a table, expected a list"),
        ("line.0.number", "555", "line[0].number", 'found "555", expected a telephone number'),
        ("line.0.number", 12025550100, "line[0].number", "found 12025550100, expected text in quotes"),
        ("line.0.dids", ["s"], "line[0].dids[0]", "a telephone number"),
        ("line.0.queues", "support", "line[0].queues", 'found "support", expected a list'),
        ("hours.mon", ["25:00-26:00"], "hours.mon[0]", 'found "25:00-26:00", expected times from 00:00'),
        ("hours.mon", ["08:00-12:00", "11:00-13:00"], "hours.mon", "08:00-12:00, 11:00-13:00, expected hours that"),
        ("hours.mon", "08:00-12:00", "hours.mon", "expected a list"),
        ("hours.mon", [8], "hours.mon[0]", 'found 8, expected hours as "08:00-12:00"'),
        ("hours.holidays", "XX", "hours.holidays", "a country or subdivision"),
        ("hours.closed", ["24.12.2026"], "hours.closed[0]", 'a date such as "2026-12-24"'),
        ("hours.open", {"2026-02-30": []}, "hours.open.2026-02-30", 'a date such as "2026-12-24"'),
        ("call_to_text.after", "soon", "call_to_text.after", 'found "soon", expected a time such as "30s"'),
        ("call_to_text.after", -1, "call_to_text.after", "found -1, expected a time"),
        ("call_to_text.key", "12", "call_to_text.key", '\'*\' or \'#\''),
        ("call_to_text.offer", "shout", "call_to_text.offer", "'announce', 'redirect', 'whisper' or 'none'"),
        ("call_to_text.message.english", "x", "call_to_text.message.english", 'a language such as "en"'),
        ("call_to_text.message", {"es": "{practice}"}, "call_to_text.message.en", "found nothing, expected a message"),
        ("abandoned.message", {"en": "{praxis}"}, "abandoned.message.en", "the unknown placeholder {praxis}"),
        ("abandoned.message", {"en": "{practice"}, "abandoned.message.en", "a brace"),
        ("guards.countries", [], "guards.countries", "found an empty list, expected at least one"),
        ("guards.countries", ["XX"], "guards.countries[0]", "a country"),
        ("guards.per_day", -1, "guards.per_day", "found -1, expected at least 0"),
        ("guards.per_day", 1.5, "guards.per_day", "found 1.5, expected a whole number"),
        ("guards.quiet_hours", True, "guards.quiet_hours", "found true, expected false, or hours as"),
        ("guards.blocked", ["19"], "guards.blocked[0]", 'a prefix such as "+1900"'),
        ("chat.shared_number", "all", "chat.shared_number", "'staff' or 'ask'"),
        ("chat.closed_reply", "{x}", "chat.closed_reply", "the unknown placeholder {x}"),
        ("quick_response.1.title", "dob request", "quick_response[1].title", "in quick_response[0].title already"),
        ("quick_response.0.text", {}, "quick_response[0].text", "found nothing"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key_what_was_found_and_what_is_expected(
    key: str, value: object, where: str, words: str
) -> None:
    told = mistakes(changed(key, value))
    assert list(told) == [where]
    assert words in told[where]


def test_all_mistakes_are_told_at_once_those_that_only_show_in_the_whole_too() -> None:
    document = changed("practice.timezone", "Mars/Base")
    document = changed("lines", [], document)
    document = changed("hours.mon", ["08:00-12:00", "11:00-13:00"], document)
    document = changed("hours.tue", ["8-12"], document)
    document = changed("call_to_text.after", "soon", document)
    document = changed("call_to_text.message.es", "x" * 256, document)
    document = changed("missed.during_hours.message.en", "{practise}", document)
    document = changed("abandoned.message", {}, document)
    assert set(mistakes(document)) == {
        "practice.timezone",
        "lines",
        "hours.mon",
        "hours.tue[0]",
        "call_to_text.after",
        "call_to_text.message.es",
        "missed.during_hours.message.en",
        "abandoned.message.en",
    }


def test_a_wrong_region_is_not_told_again_at_each_number_that_it_would_have_read() -> None:
    document = changed("practice.region", "USA", changed("line.0.number", "2025550100"))
    assert set(mistakes(document)) == {"practice.region"}


def test_an_empty_file_lacks_what_every_practice_needs() -> None:
    assert set(mistakes({})) == {"practice.name", "practice.timezone", "practice.region", "line"}


def test_a_document_that_is_no_table_is_refused() -> None:
    with pytest.raises(PracticeError, match="a list, expected a table"):
        read_practice([1])  # type: ignore[arg-type]


def test_a_number_or_queue_is_served_by_one_line() -> None:
    second = {"name": "Back", "number": "202-555-0100", "queues": ["support"], "dids": ["(202) 555-0199"]}
    told = mistakes({**EXAMPLE, "line": [*EXAMPLE["line"], second]})
    assert set(told) == {"line[1].number", "line[1].queues", "line[1].dids"}
    assert "which is in line[0].queues already" in told["line[1].queues"]


def test_a_wrong_line_does_not_hide_the_mistakes_of_the_next_nor_change_its_number() -> None:
    told = mistakes({**EXAMPLE, "line": [7, {"name": "Back", "number": "no"}]})
    assert set(told) == {"line[0]", "line[1].number"}


@pytest.mark.parametrize(
    ("key", "limit"),
    [
        ("call_to_text.message.en", 255),
        ("call_to_text.queue.sales.message.en", 255),
        ("abandoned.message.en", 255),
        ("missed.during_hours.message.en", 200),
        ("missed.outside_hours.message.en", 200),
        ("missed.queue.sales.outside_hours.message.en", 200),
    ],
)
def test_a_message_fits_its_limit_with_the_practices_name_or_is_refused_with_its_length(
    key: str, limit: int
) -> None:
    room = limit - len("Riverside Clinic")
    assert read_practice(changed(key, "x" * room + "{practice}")).name
    told = mistakes(changed(key, "x" * (room + 1) + "{practice}"))
    assert told == {key: f"found up to {limit + 1} characters, expected at most {limit}"}


def test_the_longest_line_name_counts() -> None:
    lines = [*EXAMPLE["line"], {"name": "Long" * 20, "number": "+12025550101"}]
    document = changed("abandoned.message.en", "x" * 200 + "{line}", {**EXAMPLE, "line": lines})
    assert "up to 280 characters" in mistakes(document)["abandoned.message.en"]


def test_a_text_with_the_url_needs_one() -> None:
    document = changed("abandoned.message.en", "{practice} {url}")
    assert read_practice(document).url
    del document["practice"]["url"]
    assert "practice.url to be set" in mistakes(document)["abandoned.message.en"]


def test_an_enabled_flow_needs_a_message_in_the_practices_language() -> None:
    assert set(mistakes(changed("practice.language", "es"))) == {
        "abandoned.message.es",
        "missed.during_hours.message.es",
        "missed.outside_hours.message.es",
    }
    assert read_practice(changed("abandoned", {"enabled": False})).abandoned.message == {}


def test_a_queue_that_enables_a_flow_needs_a_message_too() -> None:
    base = changed("abandoned", {"queue": {"sales": {"enabled": True}}})
    assert set(mistakes(base)) == {"abandoned.queue.sales.message.en"}
    assert read_practice(changed("abandoned.queue.sales.message.en", "{practice}", base)).name


def test_a_text_without_the_practices_name_is_warned_of() -> None:
    practice = read_practice(changed("abandoned.message.en", "Sorry!"))
    assert practice.warnings() == [
        "abandoned.message.en doesn't say who is writing: neither {practice} nor the practice's name is in it"
    ]
    assert read_practice(changed("abandoned.message.en", "Sorry! RIVERSIDE clinic")).warnings() == []


def test_an_invitation_that_the_chat_rules_refuse_is_warned_of() -> None:
    warned = read_practice(changed("chat.allow_unknown", False)).warnings()
    assert [one.split()[0] for one in warned] == [
        "missed.during_hours.message.en",
        "missed.outside_hours.message.en",
    ]


@pytest.mark.parametrize("text", ["{practice}: responda aquí", "{practice}: répondez ici"])
def test_an_invitation_is_recognised_in_other_languages(text: str) -> None:
    document = changed("abandoned.message.es", text, changed("chat.allow_start", False))
    assert any(one.startswith("abandoned.message.es invites") for one in read_practice(document).warnings())


def test_what_is_hardly_meant_is_warned_of() -> None:
    document = changed("practice.mode", "test", changed("hours.mon", ["13:00-05:00"]))
    assert len(read_practice(document).warnings()) == 2
    assert len(read_practice(SMALLEST).warnings()) == 1


def test_no_mistake_shows_a_persons_number_or_a_body() -> None:
    document = changed("practice.test_numbers", ["+1202555014"])
    document = changed("abandoned.message.en", "Dear Jane " + "x" * 300, document)
    told = json.dumps(mistakes(document))
    assert "2555014" not in told and "Jane" not in told


@pytest.mark.parametrize(
    ("languages", "text"),
    [
        (("es-MX", "en"), "hola"), ((None, "en"), "hello"), (("fr", "en"), "hello"), (("fr",), None),
        (("es_MX",), "hola"), (("ES",), "hola"), (("pt_BR",), "olá"), (("pt",), None), (("zh-hant-tw",), None),
    ],
)  # fmt: skip
def test_a_text_is_taken_in_the_first_language_that_has_one(
    languages: tuple[str | None, ...], text: str | None
) -> None:
    assert message_in({"en": "hello", "es": "hola", "pt-br": "olá"}, *languages) == text
