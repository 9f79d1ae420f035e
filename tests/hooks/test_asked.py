from __future__ import annotations

import asyncio

import pytest

from tests.hooks.desks import HASTY, FakeDesk, called
from textback.hooks.desk import About, Answer, Offer


def test_may_offer_says_yes() -> None:
    call = called(FakeDesk(), "may-offer?queue=support")

    assert call.set == {"TEXTBACK_OFFER": "1", "TEXTBACK_REASON": ""}


def test_may_offer_says_no_and_why() -> None:
    call = called(FakeDesk(offers=Offer(False, "landline")), "may-offer")

    assert call.set == {"TEXTBACK_OFFER": "0", "TEXTBACK_REASON": "landline"}


def test_call_to_text_tells_what_follows() -> None:
    desk = FakeDesk(after="stay")
    call = called(desk, "call-to-text?queue=support")

    assert call.set == {"TEXTBACK_RESULT": "texted", "TEXTBACK_REASON": "", "TEXTBACK_AFTER": "stay"}
    assert desk.asked_for == [("call_to_text", None), ("after_text",)]


def test_a_refused_text_has_its_reason_and_nothing_follows() -> None:
    call = called(FakeDesk(answers=[Answer("refused", "opted_out")]), "call-to-text")

    assert call.set == {"TEXTBACK_RESULT": "refused", "TEXTBACK_REASON": "opted_out"}


def test_a_texted_caller_stays_on_the_line_where_nobody_knows_what_follows() -> None:
    call = called(FakeDesk(hangs="after_text"), "call-to-text", HASTY)

    assert call.set == {"TEXTBACK_RESULT": "texted", "TEXTBACK_REASON": "", "TEXTBACK_AFTER": "stay"}


def test_no_answer_takes_the_reason_from_the_dialplan() -> None:
    desk = FakeDesk()
    call = called(desk, "no-answer?why=closed", variables={"QUEUESTATUS": "TIMEOUT"})

    assert desk.asked_for == [("no_answer", "closed")]
    assert call.set == {}


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"QUEUESTATUS": "TIMEOUT", "DIALSTATUS": "CANCEL"}, "TIMEOUT"),
        ({"DIALSTATUS": "CHANUNAVAIL"}, "CHANUNAVAIL"),
        ({}, ""),
    ],
)
def test_no_answer_else_takes_it_from_what_the_pbx_noted(variables: dict[str, str], why: str) -> None:
    desk = FakeDesk()
    called(desk, "no-answer", variables=variables)

    assert desk.asked_for == [("no_answer", why)]


def test_handled_is_passed_on() -> None:
    desk = FakeDesk()
    call = called(desk, "handled")

    assert desk.asked_for == [("handled",)]
    assert call.set == {}


@pytest.mark.parametrize("hook", ["handled", "no-answer"])
def test_who_speaks_of_a_call_that_is_not_known_hears_that_it_was_in_vain(hook: str) -> None:
    call = called(FakeDesk(knows=False), hook)
    assert call.set == {"TEXTBACK_RESULT": "error", "TEXTBACK_REASON": "unknown_call"}


@pytest.mark.parametrize(("is_open", "flag"), [(True, "1"), (False, "0")])
def test_hours_tells_whether_the_practice_is_open(is_open: bool, flag: str) -> None:
    assert called(FakeDesk(open=is_open), "hours?practice=Main").set == {"TEXTBACK_OPEN": flag}


def test_caller_tells_who_it_is() -> None:
    known = About("Maria", verified=True, language="es", opted_out=True, conversation=12)

    assert called(FakeDesk(known=known), "caller").set == {
        "TEXTBACK_NAME": "Maria",
        "TEXTBACK_VERIFIED": "1",
        "TEXTBACK_LANGUAGE": "es",
        "TEXTBACK_OPTED_OUT": "1",
        "TEXTBACK_CONVERSATION": "12",
    }


def test_caller_tells_of_a_stranger() -> None:
    assert called(FakeDesk(), "caller").set == UNKNOWN


UNKNOWN = {
    "TEXTBACK_NAME": "",
    "TEXTBACK_VERIFIED": "0",
    "TEXTBACK_LANGUAGE": "",
    "TEXTBACK_OPTED_OUT": "0",
    "TEXTBACK_CONVERSATION": "",
}
WITHOUT_THE_DESK = {
    "may-offer": {"TEXTBACK_OFFER": "0"},
    "call-to-text": {},
    "offer": {},
    "no-answer": {},
    "handled": {},
    "hours": {"TEXTBACK_OPEN": "1"},
    "caller": UNKNOWN,
}


@pytest.mark.parametrize("hook", WITHOUT_THE_DESK)
@pytest.mark.parametrize("fails", [RuntimeError("database gone"), asyncio.CancelledError()])
def test_a_desk_that_fails_leaves_variables_with_which_the_call_goes_on(hook: str, fails: BaseException) -> None:
    call = called(FakeDesk(fails=fails), hook)

    assert call.set == WITHOUT_THE_DESK[hook] | {"TEXTBACK_RESULT": "error", "TEXTBACK_REASON": "fault"}
    assert call.heard == []


@pytest.mark.parametrize(
    ("hook", "hangs"),
    [
        ("may-offer", "may_offer"),
        ("call-to-text", "call_to_text"),
        ("offer", "may_offer"),
        ("no-answer", "no_answer"),
        ("handled", "handled"),
        ("hours", "is_open"),
        ("caller", "about"),
    ],
)
def test_a_desk_that_hangs_is_not_waited_for(hook: str, hangs: str) -> None:
    call = called(FakeDesk(hangs=hangs), hook, HASTY)

    assert call.set == WITHOUT_THE_DESK[hook] | {"TEXTBACK_RESULT": "error", "TEXTBACK_REASON": "timeout"}


def test_a_fault_in_a_hook_itself_leaves_the_same_variables() -> None:
    class Broken(FakeDesk):
        async def may_offer(self, caller: object) -> Offer:
            return None  # type: ignore[return-value]

    call = called(Broken(), "may-offer")

    assert call.set == {"TEXTBACK_OFFER": "0", "TEXTBACK_RESULT": "error", "TEXTBACK_REASON": "fault"}
