"""What counts as which kind of number, and what a log may show of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.numbers import NumberKind, mask, read


@pytest.mark.parametrize(
    "text",
    [
        "2025550143",
        "12025550143",
        "+12025550143",
        "(202) 555-0143",
        "1-202-555-0143",
        "202.555.0143",
        "202\u2011555\u20110143",
        "0012025550143",
        "+1 202 555 0143",
        "2025550143;ext=12",
        " 2025550143 ",
    ],
)
def test_every_way_to_write_a_number_is_one_number(text: str) -> None:
    number = read(text, "US")
    assert (number.e164, number.kind, number.region, number.calling_code) == (
        "+12025550143",
        "ordinary",
        "US",
        1,
    )


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "  ",
        "anonymous",
        "Anonymous",
        "ANONYMOUS",
        "<unknown>",
        "unknown",
        "restricted",
        "Private",
        "unavailable",
        "withheld",
        "blocked",
        '"anonymous"',
        "0000000000",
        "+00",
        "266696687",
        "7378742833",
        "+17378742833",
        "+10000000000",
    ],
)
def test_a_hidden_or_absent_number_is_withheld(text: str | None) -> None:
    assert read(text, "US").kind is NumberKind.WITHHELD
    assert read(text, "US").e164 is None


@pytest.mark.parametrize(
    "text",
    [
        "5550143",
        "202555014",
        "20255501431234567",
        "+1202555014",
        "+999123456789",
        "1-800-FLOWERS",
        "asterisk",
        "XML",
        "2025550143\r\nEvent: Hangup",
        "sip:2025550143@example.org",
        "2025550143;DROP",
        "٢٠٢٥٥٥٠١٤٣",
        "+",
        "-",
        "9" * 41,
        "+1" * 5000,
    ],
)
def test_what_is_no_possible_number_is_invalid(text: str) -> None:
    number = read(text, "US")
    assert (number.e164, number.kind) == (None, NumberKind.INVALID)


@pytest.mark.parametrize(("text", "region"), [("1", "US"), ("1001", "US"), ("123456", "US"), ("1001", "DE")])
def test_a_few_digits_are_an_extension(text: str, region: str) -> None:
    assert read(text, region).kind is NumberKind.EXTENSION
    assert read(text, region).e164 is None


@pytest.mark.parametrize(("text", "region"), [("911", "US"), ("112", "US"), ("112", "DE"), ("999", "GB")])
def test_an_emergency_number_is_told_apart_from_an_extension(text: str, region: str) -> None:
    assert read(text, region).kind is NumberKind.EMERGENCY


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("8005550143", NumberKind.TOLL_FREE),
        ("+18880000000", NumberKind.TOLL_FREE),
        ("+80012345678", NumberKind.TOLL_FREE),
        ("+448001111111", NumberKind.TOLL_FREE),
        ("9005551234", NumberKind.PREMIUM),
        ("+19000000000", NumberKind.PREMIUM),
        ("8105551234", NumberKind.ORDINARY),
    ],
)
def test_numbers_that_nobody_texts_are_told_by_their_kind(text: str, kind: NumberKind) -> None:
    assert read(text, "US").kind is kind


def test_a_possible_number_need_not_be_in_the_numbering_plan() -> None:
    number = read("15559870013", "US")
    assert (number.e164, number.kind, number.region, number.calling_code) == (
        "+15559870013",
        "ordinary",
        None,
        1,
    )


@pytest.mark.parametrize(
    ("text", "region", "told"),
    [
        ("+14165550123", "US", "CA"),
        ("+33612345678", "US", "FR"),
        ("07400 123456", "GB", "GB"),
        ("+80012345678", "US", None),
    ],
)
def test_the_region_is_that_of_the_number_not_of_the_practice(
    text: str, region: str, told: str | None
) -> None:
    assert read(text, region).region == told


def test_the_prefix_00_is_read_where_another_one_is_dialled() -> None:
    assert read("0049301234567", "US").e164 == "+49301234567"
    assert read("00 49 30 1234567", "DE").e164 == "+49301234567"


@given(st.text(max_size=60) | st.from_regex(r"\+?[0-9]{1,16}", fullmatch=True))
def test_reading_never_raises_and_reads_its_own_answer_again(text: str) -> None:
    number = read(text, "US")
    assert number.kind in NumberKind
    if number.e164 is not None:
        assert read(number.e164, "DE") == number


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+12025550143", "+1202•••0143"),
        ("2025550143", "202•••0143"),
        ("+499012345", "+49•••2345"),
        ("55501437", "•••37"),
        ("1001", "•••"),
        ("Jane Doe", "•••"),
        ("2025550143\nx", "•••"),
        (None, "withheld"),
        ("", "withheld"),
    ],
)
def test_a_mask_shows_enough_to_recognise_and_not_enough_to_call(number: str | None, shown: str) -> None:
    assert mask(number) == shown


@given(st.from_regex(r"\+?[0-9]{1,16}", fullmatch=True))
def test_a_mask_hides_at_least_three_digits(number: str) -> None:
    assert len(mask(number).replace("•", "")) <= max(0, len(number) - 3)
