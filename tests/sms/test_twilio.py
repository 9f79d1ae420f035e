"""Twilio over a real socket: what leaves, what each answer means, and that nothing is ever sent twice."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Collection
from datetime import datetime, timezone
from email.utils import formatdate
from typing import Any

import pytest

from textback.model import Status
from textback.sms import Accepted, Fault, Outgoing, Provider, SendError
from textback.sms.twilio import Twilio
from textback.sms.twilio_records import TRIAL

from .fake_twilio import (
    Answer,
    FakeTwilio,
    Request,
    drop,
    drop_in_mid_answer,
    fake_twilio,
    flood,
    hang,
    page,
    raw,
    refuse,
    reply,
    resource,
    trickle,
)

ACCOUNT, TOKEN = "AC" + "0" * 32, "to:ken/ü"
TEXT = Outgoing("6f1c", "+15555550203", "+15555550100", "Sorry we missed you")
NOW = datetime(2026, 11, 21, 20, 0, 0, tzinfo=timezone.utc).timestamp()
HTML = "<html><body>Bad Gateway</body></html>"


def twilio(url: str, **options: Any) -> Twilio:
    return Twilio(ACCOUNT, TOKEN, **({"api_base": url, "timeout": 5.0, "clock": lambda: NOW} | options))


def send(answer: Answer, *, reads: bool = True, **options: Any) -> tuple[Accepted | SendError, FakeTwilio]:
    """Send one text to a server that answers so; gives the outcome, and the server as it was left."""

    async def story() -> tuple[Accepted | SendError, FakeTwilio]:
        async with fake_twilio(answer, reads=reads) as server:
            provider = twilio(server.url, **options)
            try:
                return await provider.send(TEXT), server
            except SendError as error:
                return error, server
            finally:
                await provider.close()

    return asyncio.run(story())


def fault(outcome: Accepted | SendError) -> SendError:
    assert isinstance(outcome, SendError), outcome
    assert outcome.__suppress_context__ or outcome.__context__ is None
    assert "555" not in str(outcome) and "Sorry" not in str(outcome)
    return outcome


def find(
    answer: Answer, timeout: float = 5.0, others: Collection[str] = (), until: float | None = None
) -> tuple[Accepted | None, FakeTwilio]:
    async def story() -> tuple[Accepted | None, FakeTwilio]:
        async with fake_twilio(answer) as server:
            provider = twilio(server.url, timeout=timeout)
            try:
                return await provider.find(TEXT, NOW, others, until), server
            finally:
                await provider.close()

    return asyncio.run(story())


def test_it_is_a_provider() -> None:
    async def name() -> str:
        provider: Provider = twilio("http://127.0.0.1:1")
        return provider.name

    assert asyncio.run(name()) == "twilio"


def test_an_accepted_text_leaves_once_with_number_line_and_body() -> None:
    outcome, server = send(reply(201, resource(num_segments="2")))
    assert outcome == Accepted("SM" + "a" * 32, Status.SENT, 2)
    (post,) = server.requests
    assert (post.method, post.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert post.form == {"To": TEXT.to, "From": TEXT.sender, "Body": TEXT.body}


def test_the_credentials_travel_in_the_authorization_header() -> None:
    _, server = send(reply(201, resource()))
    expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert server.requests[0].headers["authorization"] == f"Basic {expected}"


def test_the_status_callback_carries_our_own_id() -> None:
    _, server = send(reply(201, resource()), status_callback="https://texts.example/twilio/status")
    assert server.requests[0].form["StatusCallback"] == "https://texts.example/twilio/status?message=6f1c"


def test_a_base_with_a_path_keeps_its_path() -> None:
    async def story() -> str:
        async with fake_twilio(reply(201, resource())) as server:
            provider = twilio(server.url + "/proxy/")
            await provider.send(TEXT)
            await provider.close()
            return server.requests[0].path

    assert asyncio.run(story()) == f"/proxy/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def test_the_environment_does_not_move_the_account_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    outcome, server = send(reply(201, resource()))
    assert isinstance(outcome, Accepted) and len(server.posts) == 1


@pytest.mark.parametrize("base", ["api.twilio.com", "ftp://127.0.0.1", "http://", ""])
def test_a_base_that_is_no_web_address_is_refused_at_once(base: str) -> None:
    with pytest.raises(ValueError, match="api_base"):
        twilio(base)


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("accepted", Status.SENT),
        ("queued", Status.SENT),
        ("delivered", Status.DELIVERED),
        ("failed", Status.FAILED),
        ("undelivered", Status.UNDELIVERED),
        ("a state of next year", Status.SENT),
    ],
)
def test_the_state_of_an_accepted_text_is_told_in_our_words(status: str, ours: Status) -> None:
    outcome, _ = send(reply(201, resource(status=status)))
    assert isinstance(outcome, Accepted) and outcome.status is ours


@pytest.mark.parametrize("segments", ["0", None, "many", -1, [2]])
def test_a_segment_count_that_says_nothing_is_none(segments: object) -> None:
    outcome, _ = send(reply(201, resource(num_segments=segments)))
    assert isinstance(outcome, Accepted) and outcome.segments is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21610, Fault.OPTED_OUT),
        (400, 21211, Fault.PERMANENT),
        (400, 21614, Fault.LANDLINE),
        (400, 21635, Fault.LANDLINE),
        (401, 20003, Fault.OURS),
        (400, 21606, Fault.SENDER),
        (400, 21608, Fault.POLICY),
        (400, 21612, Fault.POLICY),
        (400, 30034, Fault.SENDER),
        (404, 20404, Fault.OURS),
        (400, 30007, Fault.POLICY),
        (400, 21408, Fault.POLICY),
        (400, 21611, Fault.NOT_PROCESSED),
        (400, 20429, Fault.NOT_PROCESSED),
        (400, 98765, Fault.PERMANENT),
        (403, 98765, Fault.PERMANENT),
        (500, 21610, Fault.UNKNOWN),
    ],
)
def test_every_code_has_its_meaning_and_none_causes_a_second_post(status: int, code: int, kind: Fault) -> None:
    outcome, server = send(refuse(status, code))
    assert fault(outcome).kind is kind
    assert len(server.posts) == 1


def test_an_unknown_code_is_shown() -> None:
    outcome, _ = send(refuse(400, 98765))
    assert "98765" in str(fault(outcome))


def test_problem_details_are_understood_too() -> None:
    document = {"type": "https://twilio.example", "title": "No", "status": 400, "code": 21610, "detail": "+15555550203"}
    outcome, server = send(reply(400, document))
    assert fault(outcome).kind is Fault.OPTED_OUT
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (("Retry-After: 7",), 7.0),
        (("Retry-After: Sat, 21 Nov 2026 20:01:30 GMT",), 90.0),
        (("Retry-After: Sat, 21 Nov 2026 19:00:00 GMT",), 0.0),
        (("Retry-After: 99999999999999999999",), 86_400.0),
        (("Retry-After: soon",), None),
        (("Retry-After: -3",), None),
        ((), None),
    ],
)
def test_too_many_requests_were_not_processed_and_say_when_to_come_back(
    header: tuple[str, ...], seconds: float | None
) -> None:
    outcome, server = send(reply(429, {"code": 20429, "message": "Too Many Requests"}, *header))
    assert (fault(outcome).kind, fault(outcome).retry_after) == (Fault.NOT_PROCESSED, seconds)
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(500, {"code": 20500, "message": "Internal"}), Fault.UNKNOWN),
        (raw(503, HTML, "Retry-After: 1", kind="text/html"), Fault.UNKNOWN),
        (raw(404, HTML, kind="text/html"), Fault.UNKNOWN),
        (raw(200, HTML, kind="text/html"), Fault.UNKNOWN),
        (raw(302, "", "Location: /elsewhere"), Fault.UNKNOWN),
        (raw(429, HTML, kind="text/html"), Fault.NOT_PROCESSED),
        (raw(401, HTML, kind="text/html"), Fault.OURS),
        (raw(407, "", kind="text/html"), Fault.OURS),
    ],
)
def test_an_answer_that_is_not_twilios_is_taken_at_its_least(answer: Answer, kind: Fault) -> None:
    outcome, server = send(answer)
    assert fault(outcome).kind is kind
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", "17", '"SM1"', "{}", '{"sid": null}', '{"sid": 5}', '{"sid": "SM 1"}', '{"sid": ""}']
    + ['{"sid": "' + "S" * 65 + '"}', "\ufffd\x00", '{"sid": "SM1"', "[" * 5000],
)
def test_a_201_that_cannot_be_read_is_unknown(body: str) -> None:
    outcome, server = send(raw(201, body))
    assert fault(outcome).kind is Fault.UNKNOWN
    assert len(server.posts) == 1


@pytest.mark.parametrize("answer", [hang, drop, drop_in_mid_answer, trickle, flood])
def test_a_text_that_left_and_got_no_whole_answer_is_unknown(answer: Answer) -> None:
    outcome, server = send(answer, timeout=1.0)
    assert fault(outcome).kind is Fault.UNKNOWN
    assert (len(server.posts), server.connections) == (1, 1)


def test_a_server_that_never_reads_may_still_get_the_text_later() -> None:
    outcome, server = send(hang, reads=False, timeout=0.5)
    assert fault(outcome).kind is Fault.UNKNOWN
    assert server.connections == 1


def test_after_a_dropped_answer_the_next_text_is_one_more_post_and_not_two() -> None:
    async def story() -> int:
        async with fake_twilio(drop) as server:
            provider = twilio(server.url)
            for _ in range(3):
                with pytest.raises(SendError):
                    await provider.send(TEXT)
            await provider.close()
            return len(server.posts)

    assert asyncio.run(story()) == 3


def test_refused_connections_were_certainly_not_processed() -> None:
    async def story() -> SendError:
        with socket.socket() as bound:  # bound, but nobody listens
            bound.bind(("127.0.0.1", 0))
            provider = twilio(f"http://127.0.0.1:{bound.getsockname()[1]}")
            with pytest.raises(SendError) as error:
                await provider.send(TEXT)
            await provider.close()
            return error.value

    assert fault(asyncio.run(story())).kind is Fault.NOT_PROCESSED


def test_a_name_that_does_not_resolve_was_certainly_not_processed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nowhere(*args: object, **options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", nowhere)

    async def story() -> SendError:
        provider = twilio("http://api.texts.example")
        with pytest.raises(SendError) as error:
            await provider.send(TEXT)
        await provider.close()
        return error.value

    assert fault(asyncio.run(story())).kind is Fault.NOT_PROCESSED


@pytest.mark.parametrize("answer", [hang, drop])
def test_a_tls_handshake_that_fails_was_certainly_not_processed(answer: Answer) -> None:
    async def story() -> tuple[SendError, int]:
        async with fake_twilio(answer, reads=False) as server:
            provider = twilio(server.url.replace("http:", "https:"), connect=0.5)
            with pytest.raises(SendError) as error:
                await provider.send(TEXT)
            await provider.close()
            return error.value, server.connections

    error, connections = asyncio.run(story())
    assert (fault(error).kind, connections) == (Fault.NOT_PROCESSED, 1)


def test_a_fault_while_the_answer_is_used_does_not_post_again() -> None:
    outcome, server = send(reply(201, resource(date_created=[1], price={"x": 1})))
    assert isinstance(outcome, SendError | Accepted)
    assert len(server.posts) == 1


def test_a_look_up_asks_for_number_line_and_date_and_adopts_what_it_finds() -> None:
    found, server = find(page(resource(sid="SM" + "b" * 32, status="delivered")))
    assert found == Accepted("SM" + "b" * 32, Status.DELIVERED, 1)
    (request,) = server.requests
    assert request.method == "GET"
    assert (request.query["To"], request.query["From"]) == (TEXT.to, TEXT.sender)
    # A clock of theirs that is behind ours must not hide the text.
    assert request.query["DateSent>"] == "2026-11-20T20:00:00Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "Something else"},
        {"to": "+15555550204"},
        {"from": "+15555550101"},
        {"direction": "inbound"},
        {"date_created": "Sat, 21 Nov 2026 19:58:59 +0000"},
        {"date_created": None},
        {"date_created": "yesterday"},
        {"body": None},
    ],
)
def test_a_text_that_differs_is_not_ours_even_if_the_service_ignores_the_filters(changes: dict[str, object]) -> None:
    found, _ = find(page(resource(**changes)))
    assert found is None


def test_a_text_without_a_date_of_sending_is_looked_for_too_and_one_page_is_enough() -> None:
    found, server = find(page())
    assert found is None
    assert [request.query.get("DateSent>") for request in server.requests] == ["2026-11-20T20:00:00Z", None]
    assert [request.query["To"] for request in server.requests] == [TEXT.to, TEXT.to]


def test_a_text_in_their_queue_is_found_although_it_has_no_date_of_sending() -> None:
    async def dated(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        assert request is not None
        queued = [] if "DateSent>" in request.query else [resource(date_sent=None)]
        await page(*queued)(server, request, writer)

    found, server = find(dated)
    assert found == Accepted("SM" + "a" * 32, Status.SENT, 1)
    assert len(server.requests) == 2


@pytest.mark.parametrize("ahead", [3600.0, -3600.0, 0.0])
def test_a_text_is_found_and_an_older_one_is_not_taken_for_it_whatever_their_clock_shows(ahead: float) -> None:
    date = f"Date: {formatdate(NOW + ahead, usegmt=True)}"
    ours = resource(date_created=formatdate(NOW + ahead + 1.0, usegmt=True))
    before = resource(date_created=formatdate(NOW + ahead - 120.0, usegmt=True))

    def only(one: dict[str, Any]) -> Answer:
        return reply(200, {"messages": [one], "next_page_uri": None}, date)

    assert find(only(ours))[0] is not None
    assert find(only(before))[0] is None


def test_of_several_the_newest_is_found() -> None:
    old = resource(sid="SM1", date_created="Sat, 21 Nov 2026 20:00:01 +0000")
    new = resource(sid="SM2", date_created="Sat, 21 Nov 2026 20:00:09 +0000")
    assert find(page(old, new, old))[0] == Accepted("SM2", Status.SENT, 1)


def test_what_was_taken_once_another_text_was_handed_over_that_says_the_same_is_that_one() -> None:
    """It must not lend its id; of what was taken before, the nearest is meant."""
    ours = resource(sid="SM1", date_created="Sat, 21 Nov 2026 20:00:01 +0000")
    twin = resource(sid="SM2", date_created="Sat, 21 Nov 2026 20:00:30 +0000")
    later = resource(sid="SM3", date_created="Sat, 21 Nov 2026 20:03:00 +0000")
    assert find(page(later, twin, ours), until=NOW + 60.0)[0] == Accepted("SM1", Status.SENT, 1)
    assert find(page(later), until=NOW + 60.0)[0] is None
    assert find(page(later))[0] == Accepted("SM3", Status.SENT, 1)


def test_a_look_up_passes_over_what_is_known_to_be_another_text() -> None:
    ours = resource(sid="SM1", date_created="Sat, 21 Nov 2026 20:00:01 +0000")
    another = resource(sid="SM2", date_created="Sat, 21 Nov 2026 20:00:09 +0000")
    assert find(page(another, ours), others={"SM2"})[0] == Accepted("SM1", Status.SENT, 1)
    assert find(page(another, ours), others={"SM1", "SM2"})[0] is None


@pytest.mark.parametrize("body", [TRIAL + TEXT.body, TEXT.body + " ", "Sorry we\r\nmissed you"])
def test_what_twilio_does_to_a_body_does_not_hide_it(body: str) -> None:
    assert find(page(resource(body=body)))[0] is not None


@pytest.mark.parametrize(
    "answer",
    [
        hang,
        drop,
        trickle,
        refuse(401, 20003),
        refuse(500, 20500),
        refuse(429, 20429),
        raw(200, HTML, kind="text/html"),
        reply(200, {"messages": None}),
        reply(200, {"messages": [7]}),
        reply(200, []),
    ],
)
def test_a_look_up_that_fails_does_not_pass_for_an_empty_one(answer: Answer) -> None:
    with pytest.raises(SendError) as error:
        find(answer, timeout=0.5)
    assert "555" not in str(error.value)


def test_closing_twice_or_before_use_is_harmless() -> None:
    async def story() -> bool:
        provider = twilio("http://127.0.0.1:1")
        await provider.close()
        await provider.close()
        return True

    assert asyncio.run(story())
