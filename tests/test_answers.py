from __future__ import annotations

import pytest

from textback.answers import answer_text
from textback.keywords import keyword_of
from textback.model import Answer
from textback.template import segments

LANGUAGES = ("en", "es", "fr")
ANSWERS = (Answer.OPT_OUT, Answer.OPT_IN, Answer.HELP)
NAME, NUMBER = "Riverside Family Dental Clinic", "+12025550199"
EVERY = [(answer, language) for answer in ANSWERS for language in LANGUAGES]


@pytest.mark.parametrize(("answer", "language"), EVERY)
@pytest.mark.parametrize("number", [NUMBER, None])
def test_each_names_the_practice_and_is_one_cheap_segment(answer: Answer, language: str, number: str | None) -> None:
    said = answer_text(answer, language, NAME, number)
    counted = segments(said)
    assert said.startswith(NAME) and "{" not in said
    assert (counted.count, counted.encoding) == (1, "GSM-7")


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_opted_out_hears_how_to_come_back_and_others_how_to_leave(language: str) -> None:
    assert "START" in answer_text(Answer.OPT_OUT, language, NAME, NUMBER)
    assert NUMBER not in answer_text(Answer.OPT_OUT, language, NAME, NUMBER)
    for answer in (Answer.OPT_IN, Answer.HELP):
        assert "STOP" in answer_text(answer, language, NAME, NUMBER)


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_says_where_to_call_if_somebody_answers_there(language: str) -> None:
    assert NUMBER in answer_text(Answer.HELP, language, NAME, NUMBER)
    assert "None" not in answer_text(Answer.HELP, language, NAME, None)


def test_a_language_serves_its_dialects_and_english_all_others() -> None:
    spanish, english = (answer_text(Answer.OPT_OUT, language, NAME, None) for language in ("es", "en"))
    assert answer_text(Answer.OPT_OUT, "es-MX", NAME, None) == answer_text(Answer.OPT_OUT, "ES", NAME, None) == spanish
    assert answer_text(Answer.OPT_OUT, "de", NAME, None) == answer_text(Answer.OPT_OUT, "", NAME, None) == english


def test_a_name_with_braces_stays_what_it_is() -> None:
    assert answer_text(Answer.HELP, "en", "The {call} {0} Clinic", NUMBER).startswith("The {call} {0} Clinic: ")


@pytest.mark.parametrize("answer", [Answer.AFTER_HOURS, Answer.CLOSED])
def test_there_is_no_sentence_for_what_a_practice_words_itself(answer: Answer) -> None:
    with pytest.raises(KeyError):
        answer_text(answer, "en", NAME, None)


@pytest.mark.parametrize(("answer", "language"), EVERY)
@pytest.mark.parametrize("echo", ["{}", "Liked “{}”", "Auto-reply to: {}", "> {}\nThanks"])
def test_an_echo_of_our_own_words_asks_for_nothing(answer: Answer, language: str, echo: str) -> None:
    assert keyword_of(echo.format(answer_text(answer, language, NAME, NUMBER))) is None
