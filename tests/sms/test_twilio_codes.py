"""The table of codes: what stops a line is in nobody's hand but the account's."""

from __future__ import annotations

import pytest

from textback.sms import Fault, SendError
from textback.sms.twilio_codes import FAULTS, failure, refusal

SENDERS = {21212, 21601, 21603, 21606, 21616, 21659, 21660, 30032, 30033, 30034, 30035}


def test_what_is_wrong_with_one_line_stops_that_one() -> None:
    assert {code for code, (kind, _) in FAULTS.items() if kind is Fault.SENDER} == SENDERS


@pytest.mark.parametrize("code", [21408, 21608, 21612, 21657, 30024, 30040, 30041, 30450, 30453, 30454, 572005])
def test_what_depends_on_the_number_that_is_texted_stops_no_line(code: int) -> None:
    assert refusal(400, code)[0] is Fault.POLICY
    error = failure(code)
    assert error is not None and error.kind is Fault.POLICY


def test_every_sentence_is_short_and_plain() -> None:
    for code, (_, meaning) in FAULTS.items():
        assert 5 < len(meaning) < 100 and meaning == meaning.strip() and "\n" not in meaning, code


@pytest.mark.parametrize("code", [None, "", 0, "0", "30006x", "-30006", "³", "1" * 10, [30006], 3.5])
def test_what_is_no_code_is_no_fault(code: object) -> None:
    assert failure(code) is None


@pytest.mark.parametrize("code", [30006, "30006"])
def test_a_text_that_did_not_arrive_has_its_fault(code: object) -> None:
    error = failure(code)
    assert isinstance(error, SendError) and error.kind is Fault.LANDLINE
    assert str(error) == "a landline, or a carrier that cannot be reached (Twilio 30006)"


def test_an_unknown_code_is_permanent_and_shown() -> None:
    error = failure("39999")
    assert error is not None
    assert (error.kind, str(error)) == (Fault.PERMANENT, "not delivered (Twilio 39999)")


def test_a_text_that_twilio_had_taken_is_never_free_to_be_sent_again() -> None:
    kinds = {error.kind for code in FAULTS if (error := failure(code)) is not None}
    assert not kinds & {Fault.NOT_PROCESSED, Fault.UNKNOWN}
