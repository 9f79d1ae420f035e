"""What Twilio lists: replies, delivery states, line types; and that nothing foreign in a list is taken for ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from textback.model import LineType, Status
from textback.sms import Delivery, Fault, Inbound, Media, SendError
from textback.sms.twilio import Twilio

from .asking import ACCOUNT, LINE, NOW, PERSON, ask, by_path, date, listing, reply_text, told
from .fake_twilio import FakeTwilio, Request, drop, raw, refuse, reply, resource

SINCE = NOW - 600.0


def received(since: float = SINCE) -> Callable[[Twilio], Awaitable[list[Inbound]]]:
    return lambda provider: provider.received(LINE, since)


def deliveries(provider: Twilio) -> Awaitable[list[Delivery]]:
    return provider.deliveries(LINE, SINCE)


def line_type(provider: Twilio) -> Awaitable[LineType | None]:
    return provider.line_type(PERSON)


def test_a_reply_is_told_with_its_time_in_our_clock() -> None:
    (text,) = told(listing(reply_text(sid="SM1")), received())
    assert text == Inbound("SM1", PERSON, LINE, "Yes please", at=NOW - 60.0)


def test_replies_come_oldest_first() -> None:
    newest_first = [reply_text(sid=f"SM{n}", date_created=date(NOW - 10.0 * n)) for n in range(3)]
    assert [text.provider_id for text in told(listing(*newest_first), received())] == ["SM2", "SM1", "SM0"]


def test_replies_of_one_second_come_in_their_order_too() -> None:
    newest_first = [reply_text(sid=f"SM{n}") for n in (2, 1, 0)]
    assert [text.provider_id for text in told(listing(*newest_first), received())] == ["SM0", "SM1", "SM2"]


def test_the_question_names_the_line_and_the_time() -> None:
    _, server = ask(listing(), received())
    (request,) = server.requests
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert (request.query["To"], request.query["DateSent>"]) == (LINE, "2026-11-21T19:49:00Z")
    assert "From" not in request.query


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_a_clock_an_hour_off_is_noticed_in_the_first_answer_and_the_question_is_put_again(ahead: float) -> None:
    came, header = date(NOW + ahead - 60.0), f"Date: {date(NOW + ahead)}"
    outcome, server = ask(listing(reply_text(sid="SM1", date_created=came), headers=(header,)), received())
    assert isinstance(outcome, list) and [text.at for text in outcome] == [NOW - 60.0]
    asked = [request.query["DateSent>"] for request in server.requests]
    assert asked == ["2026-11-21T19:49:00Z", f"2026-11-21T{19 + int(ahead // 3600)}:49:00Z"]


def test_a_clock_that_is_known_to_be_off_is_not_learnt_again() -> None:
    header = f"Date: {date(NOW + 3600.0)}"

    async def twice(provider: Twilio) -> list[Inbound]:
        await provider.received(LINE, SINCE)
        return await provider.received(LINE, SINCE)

    _, server = ask(listing(headers=(header,)), twice)
    assert len(server.requests) == 3


def test_a_clock_that_jumps_at_every_answer_does_not_keep_us_asking() -> None:
    hours = iter(range(1, 20))

    async def jumping(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        header = f"Date: {date(NOW + 3600.0 * next(hours))}"
        await listing(reply_text(date_created=None), headers=(header,))(server, request, writer)

    outcome, server = ask(jumping, received())
    assert isinstance(outcome, list) and len(server.requests) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "+15555550101"},
        {"direction": "outbound-api"},
        {"direction": "outbound-reply"},
        {"direction": None},
        {"from": None},
        {"from": ""},
        {"from": 5},
        {"status": "receiving"},
        {"status": "failed", "error_code": 30039},
        {"date_created": date(SINCE - 1.0)},
    ],
)
def test_a_record_that_is_no_new_reply_to_this_line_is_left_out(changes: dict[str, Any]) -> None:
    found = told(listing(reply_text(sid="SM1", **changes), reply_text(sid="SM2")), received())
    assert [text.provider_id for text in found] == ["SM2"]


@pytest.mark.parametrize(
    "garbage",
    [7, None, "text", [], {}, {"sid": None}, {"sid": "SM 1"}, {"sid": ["SM1"]}, {"sid": "S" * 65},
     {"sid": "SM1", "date_created": "Sat, 99 Nov 2026 20:00:01 +0000"}],
)  # fmt: skip
def test_a_garbled_record_does_not_hide_the_others(garbage: object) -> None:
    found = told(listing(reply_text(sid="SM2"), garbage, reply_text(sid="SM0")), received())
    assert [text.provider_id for text in found] == ["SM0", "SM2"]


@pytest.mark.parametrize("body", [None, 5, ["x"]])
def test_a_body_that_is_no_text_is_an_empty_one(body: object) -> None:
    (text,) = told(listing(reply_text(body=body)), received())
    assert text.body == ""


@pytest.mark.parametrize("body", ["x" * 20_000, "👍" * 800, "مرحبا‏", "a\0b\ud800c"])
def test_any_body_comes_through_whole(body: str) -> None:
    (text,) = told(listing(reply_text(body=body)), received())
    assert text.body == body


def test_a_date_that_cannot_be_read_means_that_the_text_came_just_now() -> None:
    (text,) = told(listing(reply_text(date_created="yesterday", date_sent=None)), received())
    assert text.at is None


@pytest.mark.parametrize(
    ("body", "switch", "answered"),
    [("STOP", True, True), (" stop\n", True, True), ("Help", True, False), ("stop please", True, False),
     ("Arret", True, False), ("STOP", False, False)],
)  # fmt: skip
def test_what_twilio_answers_itself_is_known(body: str, switch: bool, answered: bool) -> None:
    (text,) = told(listing(reply_text(body=body)), received(), answers_stop=switch)
    assert text.answered is answered


def test_pictures_are_listed_where_twilio_keeps_them_and_asked_for_once() -> None:
    page = {"media_list": [{"sid": "ME1", "content_type": "image/jpeg", "uri": "https://evil.example/x"}]}
    answers = by_path(Messages=listing(reply_text(sid="MM1", num_media="1")), Media=reply(200, page))

    async def twice(provider: Twilio) -> list[Inbound]:
        await provider.received(LINE, SINCE)
        return await provider.received(LINE, SINCE)

    outcome, server = ask(answers, twice)
    place = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"
    assert isinstance(outcome, list) and outcome[0].media == (Media(place, "image/jpeg"),)
    assert len([one for one in server.requests if one.path.endswith("/MM1/Media.json")]) == 1


@pytest.mark.parametrize(
    "answer",
    [refuse(404, 20404), reply(200, []), reply(200, {"media_list": [{"sid": "../x"}]}), raw(200, "<html>")],
)
def test_pictures_that_cannot_be_read_do_not_keep_the_text_from_us(answer: Any) -> None:
    answers = by_path(Messages=listing(reply_text(sid="MM1", num_media="1")), Media=answer)
    (text,) = told(answers, received())
    assert (text.body, text.media) == ("Yes please", ())


def test_pictures_that_are_out_of_reach_for_a_while_are_waited_for() -> None:
    answers = by_path(Messages=listing(reply_text(num_media="1")), Media=drop)
    outcome, _ = ask(answers, received())
    assert isinstance(outcome, SendError)


@pytest.mark.parametrize("count", [None, "", "-1", "many", "0", "9" * 30])
def test_a_count_of_pictures_that_says_nothing_is_none(count: object) -> None:
    (text,) = told(listing(reply_text(num_media=count)), received())
    assert text.media == ()


@pytest.mark.parametrize("content_type", [None, 5, "image/jpeg\r\nX: y", "text", "<b>/x"])
def test_a_type_that_is_none_is_not_passed_on(content_type: object) -> None:
    page = {"media_list": [{"sid": "ME1", "content_type": content_type}]}
    answers = by_path(Messages=listing(reply_text(num_media="1")), Media=reply(200, page))
    (text,) = told(answers, received())
    assert [one.content_type for one in text.media] == [""]


def test_delivery_states_of_a_line_are_told_with_their_faults() -> None:
    records = [
        resource(sid="SM1", status="delivered"),
        resource(sid="SM2", status="sending"),
        resource(sid="SM3", status="undelivered", error_code=30006),
        resource(sid="SM4", status="failed", error_code=None),
        resource(sid="SM5", status="canceled"),
        resource(sid="SM6", status="delivered", error_code=30007),
    ]
    found, server = ask(listing(*records), deliveries)
    assert isinstance(found, list)
    assert [(one.provider_id, one.status, one.error and one.error.kind) for one in found] == [
        ("SM1", Status.DELIVERED, None),
        ("SM2", Status.SENT, None),
        ("SM3", Status.UNDELIVERED, Fault.LANDLINE),
        ("SM4", Status.FAILED, None),
        ("SM5", Status.CANCELLED, None),
        ("SM6", Status.DELIVERED, None),
    ]
    assert (server.requests[0].query["From"], "To" in server.requests[0].query) == (LINE, False)


@pytest.mark.parametrize(
    "changes",
    [{"from": "+15555550101"}, {"direction": "inbound", "status": "delivered"}, {"status": "a state of next year"},
     {"status": None}, {"sid": None}],
)  # fmt: skip
def test_a_record_that_is_no_text_of_this_line_tells_nothing(changes: dict[str, Any]) -> None:
    assert told(listing(resource(**changes)), deliveries) == []


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("mobile", LineType.MOBILE),
        ("landline", LineType.LANDLINE),
        ("fixedVoip", LineType.VOIP),
        ("nonFixedVoip", LineType.VOIP),
        ("tollFree", LineType.OTHER),
        ("a type of next year", LineType.OTHER),
        ("unknown", None),
        (None, None),
        (5, None),
    ],
)
def test_a_number_is_looked_up(kind: object, ours: LineType | None) -> None:
    document = {"phone_number": PERSON, "line_type_intelligence": {"type": kind, "error_code": None}}
    found, server = ask(reply(200, document), line_type)
    assert found is ours
    (request,) = server.requests
    assert (request.path, request.query) == (f"/v2/PhoneNumbers/{PERSON}", {"Fields": "line_type_intelligence"})


@pytest.mark.parametrize("told_of_it", [None, "mobile", [], {}])
def test_a_look_up_without_its_field_tells_nothing(told_of_it: object) -> None:
    assert told(reply(200, {"line_type_intelligence": told_of_it}), line_type) is None


def test_a_number_that_is_none_has_no_line_type() -> None:
    assert told(refuse(404, 20404), line_type) is None


@pytest.mark.parametrize("number", ["", "5", "+1/../../x", "+1555555020a", "15555550203", "+0123", "+1" + "2" * 20])
def test_what_is_no_number_is_not_looked_up(number: str) -> None:
    found, server = ask(refuse(500, 0), lambda provider: provider.line_type(number))
    assert (found, server.requests) == (None, [])
