"""Twilio's forms in our words: what is there is read, what is missing is told, what is new does no harm."""

from __future__ import annotations

from typing import Any

import pytest

from textback.model import Status
from textback.sms import Fault, Inbound, Media
from textback.sms.twilio_forms import FormError, delivery, inbound, sid, state

MESSAGE = "7f0f9a3e-7d0b-4b5c-8e39-0b8f4c1f7a55"
#: The fields that come with a text (https://www.twilio.com/docs/messaging/guides/webhook-request).
TEXT = {
    "ToCountry": "US",
    "ToState": "",
    "SmsMessageSid": "SM1",
    "NumMedia": "0",
    "ToCity": "",
    "FromZip": "",
    "SmsSid": "SM1",
    "SmsStatus": "received",
    "Body": "Can I come at 5?",
    "FromCountry": "US",
    "To": "+15555550100",
    "NumSegments": "1",
    "MessageSid": "SM1",
    "AccountSid": "AC1",
    "From": "+15555550203",
    "ApiVersion": "2010-04-01",
}
CALLBACK = {"MessageSid": "SM1", "SmsSid": "SM1", "MessageStatus": "delivered", "To": "+15555550203"}


def read(**changes: str) -> Inbound:
    return inbound(TEXT | changes, answers_stop=True)


def test_a_text_is_read() -> None:
    assert read() == Inbound("SM1", "+15555550203", "+15555550100", "Can I come at 5?")


@pytest.mark.parametrize("body", ["", " \0 ", "👍" * 5000, "\u202eright to left", "a\r\nb"])
def test_a_body_is_left_as_it_is(body: str) -> None:
    assert read(Body=body).body == body


def test_a_text_without_a_body_is_empty() -> None:
    assert inbound({k: v for k, v in TEXT.items() if k != "Body"}, answers_stop=True).body == ""


@pytest.mark.parametrize("sender", ["12345", "MYBANK", "whatsapp:+15555550203"])
def test_a_sender_may_be_anything(sender: str) -> None:
    assert read(From=sender).sender == sender


def test_an_older_name_of_the_id_will_do() -> None:
    assert inbound({k: v for k, v in TEXT.items() if k != "MessageSid"}, answers_stop=True).provider_id == "SM1"


@pytest.mark.parametrize("missing", ["From", "To"])
@pytest.mark.parametrize("has_it", [True, False])
def test_a_text_from_nobody_or_to_nobody_is_none(missing: str, has_it: bool) -> None:
    form = {k: v for k, v in TEXT.items() if k != missing} | ({missing: ""} if has_it else {})
    with pytest.raises(FormError, match=f"^no {missing}$"):
        inbound(form, answers_stop=True)


@pytest.mark.parametrize("wrong", ["", "SM 1", "SM1\n", "x" * 65, "SM1'--", "é"])
def test_an_id_that_is_none_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(FormError, match="^no MessageSid$"):
        sid({"MessageSid": wrong}, "MessageSid", "SmsSid")


def test_pictures_are_listed() -> None:
    media = {"MediaUrl0": "https://api.twilio.com/a", "MediaContentType0": "image/jpeg", "MediaUrl1": "https://b"}
    first = Media("https://api.twilio.com/a", "image/jpeg")
    assert read(NumMedia="2", **media).media == (first, Media("https://b", ""))


def test_there_is_an_end_to_pictures() -> None:
    assert len(read(**{f"MediaUrl{number}": "https://b" for number in range(100)}).media) == 20


@pytest.mark.parametrize("body", ["STOP", "stop", " Stop \n", "REVOKE", "optout", "YES", "unstop"])
def test_twilio_answers_its_own_words(body: str) -> None:
    assert read(Body=body).answered
    assert not inbound(TEXT | {"Body": body}, answers_stop=False).answered


@pytest.mark.parametrize("body", ["STOP.", "stop please", "ALTO", "", "STOP STOP", "Help", "INFO"])
def test_twilio_does_not_answer_what_merely_resembles_them(body: str) -> None:
    assert not read(Body=body).answered


@pytest.mark.parametrize("answers_stop", [True, False])
def test_what_a_messaging_service_calls_an_opt_out_it_has_answered(answers_stop: bool) -> None:
    assert inbound(TEXT | {"Body": "alto", "OptOutType": "STOP"}, answers_stop=answers_stop).answered
    assert not inbound(TEXT | {"OptOutType": ""}, answers_stop=answers_stop).answered


@pytest.mark.parametrize("told", ["STOP", "START", "HELP", "Stop", "OTHER", ""])
def test_what_a_messaging_service_takes_its_own_words_for_is_kept(told: str) -> None:
    asks = read(Body="genug", OptOutType=told).asks
    assert asks == (told.lower() if told and told != "OTHER" else "")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("accepted", Status.SENT),
        ("queued", Status.SENT),
        ("sending", Status.SENT),
        ("sent", Status.SENT),
        ("delivered", Status.DELIVERED),
        ("read", Status.DELIVERED),
        ("undelivered", Status.UNDELIVERED),
        ("failed", Status.FAILED),
        ("canceled", Status.CANCELLED),
        ("Delivered", Status.DELIVERED),
        ("in_orbit", Status.SENT),
    ],
)
def test_each_state_is_one_of_ours_and_a_new_one_only_means_that_twilio_has_it(word: str, status: Status) -> None:
    assert delivery(CALLBACK | {"MessageStatus": word}, None).status is status


def test_an_older_name_of_the_state_will_do() -> None:
    assert state({"SmsStatus": "Sent"}) == "sent"


def test_a_callback_without_a_state_is_none() -> None:
    with pytest.raises(FormError, match="^no SmsStatus$"):
        delivery({"MessageSid": "SM1"}, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MESSAGE, MESSAGE),
        (MESSAGE.upper(), MESSAGE),
        (None, None),
        ("", None),
        ("' OR 1=1", None),
        ("7f0f9a3e", None),
        ("\0", None),
    ],
)
def test_our_own_id_is_a_uuid_or_nothing(text: str | None, expected: str | None) -> None:
    assert delivery(CALLBACK, text).message_id == expected


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("30006", Fault.LANDLINE),
        ("30007", Fault.POLICY),
        ("30034", Fault.SENDER),
        ("21610", Fault.OPTED_OUT),
        ("39999", Fault.PERMANENT),
    ],
)
def test_an_error_has_its_meaning(code: str, kind: Fault) -> None:
    error = delivery(CALLBACK | {"MessageStatus": "undelivered", "ErrorCode": code}, None).error
    assert error is not None and error.kind is kind
    assert f"(Twilio {code})" in str(error)


@pytest.mark.parametrize("changes", [{}, {"ErrorCode": ""}, {"ErrorCode": "0"}, {"ErrorCode": "many"}])
def test_a_failure_may_have_no_error(changes: dict[str, Any]) -> None:
    assert delivery(CALLBACK | {"MessageStatus": "failed"} | changes, None).error is None


def test_a_text_that_arrived_has_no_error() -> None:
    assert delivery(CALLBACK | {"ErrorCode": "30006"}, None).error is None
