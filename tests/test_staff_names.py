"""One person has one name, however it is typed, and nobody has one that looks like another's."""

from __future__ import annotations

import pytest

from textback.staff_names import LONGEST, Unfit, fit_full_name, fit_name, normal


@pytest.mark.parametrize("typed", ["kim", "KIM", " Kim ", "\uff2b\uff49\uff4d", "\u212aim", "kim\n"])
def test_a_name_is_the_same_however_it_is_typed(typed: str) -> None:
    assert normal(typed) == "kim"


@pytest.mark.parametrize("typed", ["Stra\u00dfe", "STRASSE", "strasse"])
def test_case_is_folded_as_unicode_does(typed: str) -> None:
    assert normal(typed) == "strasse"


@pytest.mark.parametrize("typed", ["Jos\u00e9", "Jose\u0301", "JOS\u00c9"])
def test_an_accent_is_the_same_however_a_keyboard_composes_it(typed: str) -> None:
    assert fit_name(typed) == "jos\u00e9"


def test_what_is_normal_stays_as_it_is() -> None:
    for typed in ("\u0345\u0301\u03b1", "\u1e9e", "\ufb03", "\u0130stanbul"):
        assert normal(normal(typed)) == normal(typed)


@pytest.mark.parametrize("name", ["kim", "kim.novak", "kim-2", "o'hara", "kim@clinic.example", "\u674e\u96f7", "7"])
def test_names_that_people_have_are_taken(name: str) -> None:
    assert fit_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "a b", "a\nb", "a\0b", "a\x1b[1m", "<b>", "=1+1", "-x", "@x", "a\u202eb", "a\u200bb", "\ud800",
        "x" * 101,
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Unfit):
        fit_name(name)


def test_letters_that_look_like_those_of_another_alphabet_are_refused() -> None:
    with pytest.raises(Unfit, match="one alphabet"):
        fit_name("k\u0456m")  # a Ukrainian i
    assert fit_name("\u043e\u043b\u044f") == "\u043e\u043b\u044f"


def test_a_full_name_is_one_line() -> None:
    assert fit_full_name("  Kim\n\tNovak ") == "Kim Novak"
    for wrong in ("", "\n", "a\0b", "a\u202eb", "x" * (LONGEST + 1)):
        with pytest.raises(Unfit):
            fit_full_name(wrong)
