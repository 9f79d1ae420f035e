from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.hooks.desks import HASTY, FakeDesk, called, talked
from tests.hooks.fake_asterisk import FakeCall, environment
from textback.hooks.desk import Answer, Offer
from textback.hooks.offering import Wishes, read_wishes

TEXTED = {"TEXTBACK_RESULT": "texted", "TEXTBACK_REASON": "", "TEXTBACK_AFTER": "hangup"}
NO_OFFER = Offer(False, "withheld_number")
MOBILE = "2025550199"


def result(call: FakeCall) -> tuple[str | None, str | None]:
    return call.set.get("TEXTBACK_RESULT"), call.set.get("TEXTBACK_REASON")


def test_a_caller_who_presses_the_key_is_texted_and_told() -> None:
    desk = FakeDesk()
    call = called(desk, "offer?queue=support", keys=["5"])

    assert call.set == TEXTED
    assert call.heard == ["textback/offer", "textback/confirmed", "textback/goodbye"]
    assert desk.asked_for == [("may_offer",), ("call_to_text", None), ("after_text",)]


def test_a_caller_who_stays_is_told_so() -> None:
    call = called(FakeDesk(after="stay"), "offer", keys=["5"])

    assert call.set == TEXTED | {"TEXTBACK_AFTER": "stay"}
    assert call.heard == ["textback/offer", "textback/confirmed", "textback/stay"]


def test_the_call_is_answered_before_the_prompt() -> None:
    call = called(FakeDesk(), "offer?timeout=8&key=1&prompt=custom/ours%20now", keys=["1"])

    assert call.commands[1:3] == ["ANSWER", 'GET OPTION "custom/ours now" "1" 8000']


@pytest.mark.parametrize("key", [None, "3"])
def test_a_caller_who_presses_nothing_or_another_key_declines(key: str | None) -> None:
    desk = FakeDesk()
    call = called(desk, "offer", keys=[key])

    assert result(call) == ("declined", "no_key")
    assert call.heard == ["textback/offer"]
    assert desk.asked_for == [("may_offer",)]


def test_who_cannot_be_texted_is_offered_nothing() -> None:
    call = called(FakeDesk(offers=Offer(False, "opted_out")), "offer?ask_number=if-needed", keys=["5"])

    assert result(call) == ("refused", "opted_out")
    assert call.heard == []


@pytest.mark.parametrize(
    ("reason", "prompt"),
    [
        ("landline", "textback/landline"),
        ("withheld_number", "textback/withheld"),
        ("budget", "textback/cannot-text"),
    ],
)
def test_who_is_refused_after_the_key_hears_why(reason: str, prompt: str) -> None:
    call = called(FakeDesk(answers=[Answer("refused", reason)]), "offer", keys=["5"])

    assert result(call) == ("refused", reason)
    assert call.heard == ["textback/offer", prompt, "textback/stay"]


def test_a_desk_that_fails_after_the_key_is_an_error_and_the_caller_hears_that_it_cannot_be() -> None:
    call = called(FakeDesk(hangs="call_to_text"), "offer", HASTY, keys=["5"])

    assert result(call) == ("error", "timeout")
    assert call.heard == ["textback/offer", "textback/cannot-text", "textback/stay"]


def test_the_practices_key_counts_where_the_dialplan_names_none() -> None:
    assert result(called(FakeDesk(offers=Offer(True, key="9")), "offer", keys=["9"])) == ("texted", "")
    assert result(called(FakeDesk(offers=Offer(True, key="9")), "offer?key=1", keys=["9"])) == ("declined", "no_key")


def test_a_result_of_an_earlier_hook_does_not_outlive_the_daemon() -> None:
    call = called(FakeDesk(), "offer", keys=["5"], variables={"TEXTBACK_RESULT": "texted"})

    assert call.commands[0] == 'SET VARIABLE TEXTBACK_RESULT "error"'


def test_a_withheld_caller_may_key_in_another_number_and_hears_it() -> None:
    desk = FakeDesk(offers=NO_OFFER)
    call = called(desk, "offer?ask_number=if-needed", keys=["5", "1"], entered=[MOBILE])

    assert call.set == TEXTED
    assert ("call_to_text", MOBILE) in desk.asked_for
    assert call.heard == [
        *("textback/offer", "textback/enter-number", "textback/you-entered", MOBILE, "textback/confirm-number"),
        *("textback/confirmed", "textback/goodbye"),
    ]


def test_without_ask_number_a_withheld_caller_is_refused_at_once() -> None:
    call = called(FakeDesk(offers=NO_OFFER), "offer", keys=["5"])

    assert result(call) == ("refused", "withheld_number")
    assert call.heard == []


def test_a_landline_that_shows_only_at_the_request_may_key_in_another_number() -> None:
    desk = FakeDesk(answers=[Answer("refused", "landline"), Answer("texted")])
    call = called(desk, "offer?ask_number=if-needed", keys=["5", "1"], entered=[MOBILE])

    assert call.set == TEXTED
    assert desk.asked_for[1:3] == [("call_to_text", None), ("call_to_text", MOBILE)]


def test_who_can_be_texted_is_not_asked_if_that_is_not_needed() -> None:
    call = called(FakeDesk(), "offer?ask_number=if-needed", keys=["5"])

    assert call.set == TEXTED
    assert "textback/enter-number" not in call.heard


def test_always_asks_everybody() -> None:
    desk = FakeDesk()
    called(desk, "offer?ask_number=always", keys=["5", "1"], entered=[MOBILE])

    assert desk.asked_for == [("may_offer",), ("call_to_text", MOBILE), ("after_text",)]


@pytest.mark.parametrize("key", [None, "2"])
def test_a_number_that_is_not_confirmed_is_asked_for_again(key: str | None) -> None:
    desk = FakeDesk()
    call = called(desk, "offer?ask_number=always", keys=["5", key, "1"], entered=["2025550111", MOBILE])

    assert call.set == TEXTED
    assert ("call_to_text", MOBILE) in desk.asked_for
    assert ("call_to_text", "2025550111") not in desk.asked_for


@pytest.mark.parametrize("entered", ["*12", "555", "12*5550199"])
def test_what_is_no_number_is_not_even_read_out(entered: str) -> None:
    desk = FakeDesk()
    call = called(desk, "offer?ask_number=always", keys=["5", "1"], entered=[entered, MOBILE])

    assert call.set == TEXTED
    assert entered not in call.heard
    assert "textback/bad-number" in call.heard


def test_a_number_that_the_desk_refuses_is_asked_for_again() -> None:
    desk = FakeDesk(answers=[Answer("refused", "bad_number"), Answer("refused", "landline"), Answer("texted")])
    call = called(desk, "offer?ask_number=always", keys=["5", "1", "1", "1"], entered=["2025550111"] * 2 + [MOBILE])

    assert call.set == TEXTED
    assert [prompt for prompt in call.heard if prompt in ("textback/bad-number", "textback/landline")] == [
        "textback/bad-number",
        "textback/landline",
    ]


def test_after_three_refused_numbers_the_last_reason_stands() -> None:
    desk = FakeDesk(answers=[Answer("refused", "country")])
    call = called(desk, "offer?ask_number=always", keys=["5", "1", "1", "1", "1"], entered=["442079460018"] * 4)

    assert result(call) == ("refused", "country")
    assert call.heard.count("textback/enter-number") == 3
    assert call.heard[-2:] == ["textback/cannot-text", "textback/stay"]


def test_who_keys_in_nothing_declines() -> None:
    call = called(FakeDesk(), "offer?ask_number=always", keys=["5"])

    assert result(call) == ("declined", "no_number")
    assert call.heard.count("textback/enter-number") == 3


@pytest.mark.parametrize("hangup", ["after", "before", "never"])
@pytest.mark.parametrize("moment", ["ANSWER", "GET OPTION", "GET DATA", "SAY DIGITS"])
def test_a_caller_who_hangs_up_before_the_text_declines(moment: str, hangup: str) -> None:
    desk = FakeDesk()
    call = called(
        desk, "offer?ask_number=always", keys=["5", "1"], entered=[MOBILE], hangs_up_at=moment, hangup=hangup
    )

    assert result(call) == ("declined", "hung_up")
    assert all(what[0] != "call_to_text" for what in desk.asked_for)


@pytest.mark.parametrize("hangup", ["after", "before", "never"])
def test_a_caller_who_hangs_up_in_the_confirmation_was_texted_all_the_same(hangup: str) -> None:
    call = called(FakeDesk(), "offer", keys=["5"], hangs_up_at="STREAM FILE", hangup=hangup)

    assert call.set == TEXTED


@pytest.mark.parametrize("moment", ["GET OPTION", "STREAM FILE"])
def test_an_asterisk_that_leaves_at_the_hang_up_is_let_go(moment: str) -> None:
    desk = FakeDesk()
    call = called(desk, "offer", keys=["5"], hangs_up_at=moment, hangup="exit")

    assert call.set["TEXTBACK_RESULT"] == ("error" if moment == "GET OPTION" else "texted")
    assert (("call_to_text", None) in desk.asked_for) == (moment == "STREAM FILE")


def test_a_missing_offer_prompt_is_an_error_and_not_a_hang_up() -> None:
    desk = FakeDesk()
    call = called(desk, "offer?prompt=no/such", keys=["5"], missing={"no/such"})

    assert result(call) == ("error", "no_prompt")
    assert desk.asked_for == [("may_offer",)]


def test_a_missing_question_for_the_number_is_an_error_too() -> None:
    call = called(FakeDesk(), "offer?ask_number=always", keys=["5"], missing={"textback/enter-number"})

    assert result(call) == ("error", "no_prompt")


def test_a_missing_confirmation_does_not_undo_the_text() -> None:
    call = called(FakeDesk(), "offer", keys=["5"], missing={"textback/confirmed"})

    assert call.set == TEXTED
    assert call.heard == ["textback/offer", "textback/goodbye"]


def test_the_offer_speaks_the_language_asked_for_and_the_channel_gets_its_own_back() -> None:
    call = called(FakeDesk(), "offer?lang=es", keys=["5"])

    spoken = [command for command in call.commands if "CHANNEL(language)" in command]
    assert spoken == ['SET VARIABLE CHANNEL(language) "es"', 'SET VARIABLE CHANNEL(language) "en"']
    assert call.commands.index(spoken[0]) < call.commands.index("ANSWER")


def test_the_offer_leaves_the_language_alone_where_it_is_right_or_unreadable() -> None:
    for lang in ("en", "e;x", ""):
        call = called(FakeDesk(), f"offer?lang={lang}", keys=["5"])

        assert not [command for command in call.commands if "CHANNEL(language)" in command]


def test_a_caller_whose_number_forged_lines_is_neither_asked_nor_texted() -> None:
    desk = FakeDesk()
    forged = environment("offer?ask_number=always", callerid="1\nagi_callerid: 12025550143")
    call = talked(desk, FakeCall(forged, keys=["5", "1"], entered=[MOBILE]))

    assert result(call) == ("refused", "bad_number")
    assert call.heard == []
    assert desk.asked == []


def test_a_confirmation_that_breaks_the_conversation_does_not_hide_the_text() -> None:
    call = called(FakeDesk(), "offer", keys=["5"], misunderstood="STREAM FILE")

    assert call.set == TEXTED


@pytest.mark.parametrize(
    ("arguments", "wishes"),
    [
        ({}, Wishes()),
        ({"timeout": "8"}, Wishes(timeout=8.0)),
        ({"timeout": "2.5s"}, Wishes(timeout=2.5)),
        ({"timeout": "999"}, Wishes(timeout=60.0)),
        ({"timeout": "soon"}, Wishes()),
        ({"key": "#"}, Wishes(key="#")),
        ({"key": "55"}, Wishes()),
        ({"prompt": ""}, Wishes()),
        ({"ask_number": "if-needed"}, Wishes(ask_number="if-needed")),
        ({"ask_number": "sometimes"}, Wishes()),
    ],
)
def test_wishes_are_read_and_what_is_unreadable_is_usual(arguments: Mapping[str, str], wishes: Wishes) -> None:
    assert read_wishes(arguments, None) == wishes
