"""One connection with a scripted FreeSWITCH: what is asked is answered, or fails; greenswitch's faults stay outside."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import gevent
import pytest

from tests import recordings
from tests.data import TLS
from tests.pbx.esl_messages import CALLER, CORE, OTHER, create, event, frame, join, leg, plain, raw
from tests.pbx.fake_asterisk import until
from tests.pbx.fake_freeswitch import (
    AUTH_REQUEST,
    GOODBYE,
    PASSWORD,
    REJECTION,
    SHUTDOWN,
    FakeFreeswitch,
    api,
    fake_freeswitch,
    reply,
)
from textback.pbx.errors import LinkError
from textback.pbx.esl_event import PlainEvent
from textback.pbx.esl_session import Heard, Session
from textback.pbx.esl_tls import tls_context
from textback.pbx.esl_wire import Wire
from textback.pbx.patience import Patience
from textback.pbx.tls import Tls

#: seconds for what must not come; what must come has the usual ones
SHORT = Patience(connect=0.3, answer=0.1)


@dataclass
class Talk:
    """A session, and the events that came over it."""

    pbx: FakeFreeswitch
    session: Session
    heard: list[Heard] = field(default_factory=list)

    async def up(self) -> None:
        await self.session.login(PASSWORD)
        await self.session.subscribe()

    def names(self) -> list[str | None]:
        return [PlainEvent(one.body).get("Event-Name") for one, _ in self.heard]


def talk(
    story: Callable[[Talk], Awaitable[None]],
    patience: Patience = Patience(),
    prepare: Callable[[FakeFreeswitch], object] = lambda pbx: None,
) -> None:
    """Let ``story`` happen on a session that is connected, but not logged in; no thread is left behind."""

    async def run() -> None:
        async with fake_freeswitch() as pbx:
            prepare(pbx)
            heard: list[Heard] = []
            session = await Session.connect("127.0.0.1", pbx.port, heard.append, patience=patience)
            try:
                await story(Talk(pbx, session, heard))
            finally:
                session.close()
                await session.closed()

    asyncio.run(run())
    for thread in threading.enumerate():
        if thread.name.startswith("esl-"):  # it may be in its last line
            thread.join(5)
            assert not thread.is_alive()


def refused(
    story: Callable[[Talk], Awaitable[object]],
    patience: Patience = Patience(),
    prepare: Callable[[FakeFreeswitch], object] = lambda pbx: None,
) -> LinkError:
    """The error that the story, or the connection, ends with."""
    errors: list[LinkError] = []

    async def run(t: Talk) -> None:
        with pytest.raises(LinkError) as caught:
            await story(t)
        errors.append(caught.value)

    try:
        talk(run, patience, prepare)
    except LinkError as error:
        errors.append(error)
    return errors[0]


async def nothing(_: Talk) -> None:
    """Connected is enough."""


# -- the stand-in says what the recorded ones said -------------------------------------------------------------


@pytest.mark.parametrize("name", ["j1_auth_wrong_password", "j1_auth_three_wrong"])
def test_the_stand_in_refuses_a_password_byte_for_byte(name: str) -> None:
    assert recordings.read("freeswitch", f"wire/{name}") == AUTH_REQUEST + reply("-ERR invalid") + GOODBYE


def test_the_stand_in_answers_byte_for_byte() -> None:
    recorded = recordings.read("freeswitch", "wire/j1_auth_good_then_unknown")
    said = [reply("+OK accepted"), reply("-ERR command not found"), reply("+OK event listener enabled plain")]
    said += [reply("+OK filter added. [Event-Name]=[CHANNEL_ANSWER]"), reply("+OK bye") + GOODBYE]
    said += [api("-ERR nosuchcommand Command not found!\n")]
    assert recorded.startswith(AUTH_REQUEST) and all(one in recorded for one in said)
    assert recordings.read("freeswitch", "wire/j2_shutdown_with_call_filtered").endswith(SHUTDOWN)


def test_the_stand_in_frames_an_event_byte_for_byte() -> None:
    recorded = recordings.read("freeswitch", "a1_queue_abandon")
    begin = recorded.index(b"Content-Length: ")
    head, _, rest = recorded[begin:].partition(b"\n\n")
    length = int(head.split(b"\n")[0].partition(b": ")[2])
    assert frame(rest[:length]) == recorded[begin : begin + len(head) + 2 + length]
    assert rest[:length].endswith(b"\n\n"), "the blank line behind the headers is part of the body"


def test_the_stand_in_lists_channels_byte_for_byte() -> None:
    async def story(t: Talk) -> None:
        await t.session.login(PASSWORD)
        assert await t.session.api("show channels as json") == '{"row_count":0}'

    talk(story)


# -- login -----------------------------------------------------------------------------------------------------


def test_a_login_asks_for_what_is_needed_and_custom_comes_last() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        (subscription,) = t.pbx.commands("event ")
        words = subscription.split()
        assert words[:2] == ["event", "plain"] and "ALL" not in words
        assert all("::" in word for word in words[words.index("CUSTOM") + 1 :])
        assert not any("::" in word for word in words[: words.index("CUSTOM")])
        assert {"DTMF", "HEARTBEAT", "CHANNEL_HANGUP_COMPLETE"} < set(words[: words.index("CUSTOM")])

    talk(story)


def test_of_the_applications_only_those_that_mean_something_are_sent() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        executed = [PlainEvent(plain(event("CHANNEL_EXECUTE", Application=name))) for name in ("set", "bridge")]
        assert [t.pbx.passes(one) for one in executed] == [False, True]
        assert t.pbx.passes(PlainEvent(plain(join()))) and t.pbx.passes(PlainEvent(plain(event("DTMF"))))

    talk(story)


def test_a_pbx_that_does_not_filter_is_not_asked_for_applications() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.answers["filter"] = lambda command: reply("-ERR command not found")

    async def story(t: Talk) -> None:
        await t.up()
        (subscription,) = t.pbx.commands("event ")
        assert "CHANNEL_EXECUTE" not in subscription and "CHANNEL_HANGUP" in subscription
        assert t.pbx.filters == set()

    talk(story, prepare=prepare)


def test_a_wrong_password_is_said_plainly_and_is_nowhere_in_what_is_said() -> None:
    problem = refused(lambda t: t.session.login("wrong-secret"))
    assert problem.permanent and "event_socket.conf.xml" in str(problem) and "wrong-secret" not in str(problem)


def test_a_pbx_that_tells_no_events_is_no_link() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.answers["event"] = lambda command: reply("-ERR no keywords supplied")

    assert "tells no events: -ERR no keywords supplied" in str(refused(lambda t: t.up(), prepare=prepare))


def test_a_rude_rejection_is_a_link_error_that_names_the_acl() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.greeting = REJECTION

    problem = refused(nothing, prepare=prepare)
    assert problem.permanent and "apply-inbound-acl" in str(problem)


def test_a_refused_connection_is_a_link_error() -> None:
    async def run() -> None:
        async with fake_freeswitch() as pbx:
            port = pbx.port
        with pytest.raises(LinkError, match=f"^cannot connect to 127.0.0.1:{port}: connection refused$") as caught:
            await Session.connect("127.0.0.1", port, lambda heard: None)
        assert not caught.value.permanent

    asyncio.run(run())


def server_tls() -> ssl.SSLContext:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    return server


def over_tls(ca: str | None) -> str:
    """What core the PBX has, asked over TLS."""

    async def run() -> str:
        async with fake_freeswitch(server_tls()) as pbx:
            session = await Session.connect("127.0.0.1", pbx.port, lambda heard: None, Tls(ca, tls_context))
            try:
                await session.login(PASSWORD)
                return await session.api("global_getvar core_uuid")
            finally:
                session.close()
                await session.closed()

    return asyncio.run(run())


def test_a_link_may_go_over_tls_to_whom_it_trusts_and_to_nobody_else() -> None:
    assert over_tls(str(TLS / "cert.pem")) == CORE
    with pytest.raises(LinkError, match="its certificate is signed by itself"):
        over_tls(None)


# -- greenswitch's faults, by number (field notes: ESL) --------------------------------------------------------


def test_1_a_line_end_in_a_value_makes_no_header() -> None:
    name = f"x\nUnique-ID: {OTHER}\nCaller-Caller-ID-Number: +19005550199\u2028Event-Name: DTMF"

    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(create(leg(Caller_Caller_ID_Name=name)))
        await until(lambda: t.heard)
        found = PlainEvent(t.heard[0][0].body)
        told = found.get("Event-Name"), found.get("Unique-ID"), found.get("Caller-Caller-ID-Number")
        assert told == ("CHANNEL_CREATE", CALLER, "+12025550143")
        assert found.get("Caller-Caller-ID-Name") == name

    talk(story)


def test_1_a_number_or_a_name_in_an_api_answer_makes_no_header_either() -> None:
    async def story(t: Talk) -> None:
        await t.session.login(PASSWORD)
        t.pbx.apis["status"] = "UP\nContent-Type: auth/request\n\nContent-Type: command/reply\nReply-Text: +OK\n\n"
        assert (await t.session.api("status")).startswith("UP\nContent-Type: auth/request\n\nContent-Type:")
        assert await t.session.api("global_getvar core_uuid") == t.pbx.core

    talk(story)


def test_2_the_body_of_an_event_is_no_header_of_it() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        body = f"Unique-ID: {OTHER}\nEvent-Name: CHANNEL_HANGUP\n".encode()
        carried = plain(create())[:-1] + b"Content-Length: %d\n\n%s" % (len(body), body)
        t.pbx.send(frame(carried))
        await until(lambda: t.heard)
        found = PlainEvent(t.heard[0][0].body)
        assert (found.get("Event-Name"), found.get("Unique-ID")) == ("CHANNEL_CREATE", CALLER)

    talk(story)


def test_3_a_peer_that_dies_in_the_middle_of_an_event_ends_the_session_and_leaves_no_thread() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(raw(create()), raw(join())[:-100])
        await until(lambda: t.heard)
        t.pbx.drop()
        await t.session.closed()
        assert not t.session.is_open and str(t.session.problem) == "the PBX closed the link"
        assert t.names() == ["CHANNEL_CREATE"]

    talk(story)


def test_4_a_command_in_flight_when_the_peer_goes_fails_at_once() -> None:
    async def story(t: Talk) -> None:
        t.pbx.answers["api status"] = lambda command: t.pbx.drop()
        await t.session.login(PASSWORD)
        await t.session.api("status")

    assert str(refused(story)) == "the PBX closed the link"


def test_a_session_that_is_let_go_closes_its_connection_though_its_thread_is_about_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lose = Wire.lose

    def slowly(wire: Wire, problem: LinkError) -> None:
        lose(wire, problem)
        gevent.sleep(0.01)  # the thread knows by now that it is to end

    async def story(t: Talk) -> None:
        await t.up()
        monkeypatch.setattr(Wire, "lose", slowly)
        t.session.close()
        await t.session.closed()
        await until(lambda: t.pbx.open == 0)

    talk(story)


def test_4_a_lost_connection_is_no_second_connection() -> None:
    async def story(t: Talk) -> None:
        await t.session.login(PASSWORD)
        t.pbx.drop()
        await t.session.closed()
        await until(lambda: t.pbx.open == 0)
        assert t.pbx.connections == 1

    talk(story)


def test_5_a_peer_that_says_nothing_is_given_up_on() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.greeting = b""

    assert "does not speak" in str(refused(nothing, SHORT, prepare))


def test_6_a_byte_that_is_no_utf_8_costs_nobody_anything() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(raw(create()).replace(b"Doe", b"\xff\xfe\x80"), raw(join()))
        await until(lambda: len(t.heard) == 2)
        assert "\ufffd" in (PlainEvent(t.heard[0][0].body).get("Caller-Caller-ID-Name") or "")
        t.pbx.answers["api status"] = lambda command: b"Content-Type: api/response\nContent-Length: 2\n\n\xff\xfe"
        assert await t.session.api("status") == "\ufffd\ufffd"
        assert await t.session.api("global_getvar core_uuid") == t.pbx.core

    talk(story)


def test_7_a_flood_comes_whole_and_in_order_and_nothing_is_kept_of_it() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(*(raw(event("DTMF", DTMF_Digit=str(number % 10))) for number in range(3000)))
        await until(lambda: len(t.heard) == 3000)
        digits = "".join(PlainEvent(one.body).get("DTMF-Digit") or "" for one, _ in t.heard)
        assert digits == "0123456789" * 300
        assert t.session._handover._size == 0 and not t.session._handover._waiting

    talk(story)


def test_8_a_command_that_does_not_fit_into_one_packet_is_whole() -> None:
    long = "status " + "x" * 3_000_000

    async def story(t: Talk) -> None:
        t.pbx.answers["api status"] = lambda command: api(str(len(command)))
        await t.session.login(PASSWORD)
        answers = await asyncio.gather(t.session.api(long), t.session.api("global_getvar core_uuid"))
        assert answers == [str(len("api ") + len(long)), t.pbx.core]

    talk(story)


def test_an_unanswered_command_fails_and_its_late_answer_is_nobodys() -> None:
    async def story(t: Talk) -> None:
        await t.session.login(PASSWORD)
        t.pbx.answers["api status"] = lambda command: None
        with pytest.raises(LinkError, match="api status: no answer for 0 s"):
            await t.session.api("status", 0.05)
        t.pbx.send(api("late"))
        assert await t.session.api("global_getvar core_uuid") == t.pbx.core

    talk(story)


def test_an_answer_that_nobody_asked_for_is_nobodys() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(reply("+OK"), api("+OK"), raw(create()))
        await until(lambda: t.heard)
        assert await t.session.api("global_getvar core_uuid") == t.pbx.core and t.session.is_open

    talk(story)


def test_answers_come_in_the_order_of_the_questions() -> None:
    async def story(t: Talk) -> None:
        await t.session.login(PASSWORD)
        t.pbx.answers["api echo"] = lambda command: api(command.rpartition(" ")[2])
        answers = await asyncio.gather(*(t.session.api(f"echo {number}") for number in range(200)))
        assert answers == [str(number) for number in range(200)]

    talk(story)


@pytest.mark.parametrize("command", ["api status\n\nexit", "api x\r\n", "auth\nx"])
def test_a_line_end_in_a_command_is_refused_and_nothing_is_sent(command: str) -> None:
    async def story(t: Talk) -> None:
        await t.session.login(PASSWORD)
        with pytest.raises(LinkError, match="line end"):
            await t.session.ask(command)
        await t.session.api("global_getvar core_uuid")
        assert t.pbx.heard == [f"auth {PASSWORD}", "api global_getvar core_uuid"]

    talk(story)


# -- what else a peer may send ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"Content-Length: -5\nContent-Type: text/event-plain\n\n", "a body of '-5' bytes"),
        (b"Content-Length: 999999999999\nContent-Type: text/event-plain\n\n", "a body of '999999999999' bytes"),
        (b"Content-Length: 12x\nContent-Type: text/event-plain\n\n", "a body of '12x' bytes"),
        (b"Content-Type: text/event-plain\n\nEvent-Name: DTMF\n\n", "a body without Content-Length"),
        (b"Content-Length: 5\nContent-Type: text/event-plain\n\n" + plain(create()), "a length was wrong"),
        (b"HTTP/1.1 400 Bad Request\nServer: x\n\n", "a length was wrong"),
        (b"x" * 400_000, "bytes without an end"),
    ],
)
def test_what_is_no_event_socket_ends_the_session_and_says_so(data: bytes, problem: str) -> None:
    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(data)
        await t.session.closed()
        assert problem in str(t.session.problem)

    talk(story)


def test_a_length_that_is_too_long_swallows_the_next_event_and_is_noticed() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        body = plain(create())
        t.pbx.send(b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(body) + 30, body), raw(join()))
        await t.session.closed()
        assert "a length was wrong" in str(t.session.problem)

    talk(story)


def test_an_event_of_five_megabytes_is_taken_in_many_pieces() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(create(leg(variable_sip_multipart="y" * 5_000_000)), raw(join()))
        await until(lambda: len(t.heard) == 2)
        assert len(t.heard[0][0].body) > 5_000_000

    talk(story)


def test_what_is_neither_event_nor_answer_is_let_go() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(frame(b"2026-11-21 [NOTICE] x\n", "log/data"), b"\n\n\n", raw(create()))
        await until(lambda: t.heard)
        assert t.names() == ["CHANNEL_CREATE"] and t.session.is_open

    talk(story)


def test_a_goodbye_ends_the_session_after_what_was_told_before_it() -> None:
    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(raw(create()), SHUTDOWN)
        await t.session.closed()
        assert str(t.session.problem) == "the PBX says goodbye"
        await until(lambda: t.names() == ["CHANNEL_CREATE"])

    talk(story)


def test_a_notice_that_the_link_lingers_ends_nothing() -> None:
    linger = (
        b"Content-Type: text/disconnect-notice\nContent-Disposition: linger\nLinger-Time: -1\nContent-Length: 0\n\n"
    )

    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(linger, raw(create()))
        await until(lambda: t.heard)
        assert t.session.is_open

    talk(story)


def test_greenswitch_says_nothing_in_our_log(caplog: pytest.LogCaptureFixture) -> None:
    async def story(t: Talk) -> None:
        await t.up()
        t.pbx.send(SHUTDOWN)
        await t.session.closed()

    with caplog.at_level(logging.DEBUG):
        talk(story)
    assert [record for record in caplog.records if record.name == "root"] == []
