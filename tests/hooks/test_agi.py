from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.hooks.desks import FakeDesk, listening, talked, with_server
from tests.hooks.fake_asterisk import PATIENCE, FakeCall, environment, header
from textback.hooks.agi import Agi
from textback.listen import ListenError
from textback.hooks.agi_request import LONGEST_HEADER, LONGEST_LINE
from textback.hooks.desk import About, Answer, Caller
from textback.hooks.patience import Patience

WITHOUT_END = Patience(header=3600.0)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server closes."""
    async with asyncio.timeout(PATIENCE):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


def sent(data: bytes, closes: bool = False) -> tuple[bytes, Agi]:
    """What the server answers to raw bytes, and the server; a call beside it must be answered all the same."""

    async def story(agi: Agi) -> tuple[bytes, Agi]:
        caller, prompt = await in_the_prompt(agi)
        reader, writer = await asyncio.open_connection("127.0.0.1", agi.port)
        writer.write(data)
        if closes:
            writer.write_eof()
        answer = await ended(reader)
        writer.close()
        prompt.write(b"200 result=53 endpos=1\n")
        assert await caller.readline() == b'SET VARIABLE TEXTBACK_RESULT "texted"\n'
        prompt.close()
        await until(lambda: not len(agi))
        return answer, agi

    answer: tuple[bytes, Agi] = with_server(FakeDesk(), story)
    return answer


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "closed before its request was whole"),
        (b"agi", "closed before its request was whole"),
        (header(environment())[:200], "closed before its request was whole"),
    ],
)
def test_who_closes_early_is_let_go_and_nobody_else_notices(
    data: bytes, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer, agi = sent(data, closes=True)

    assert answer == b""
    assert agi.refused == 1
    assert caplog.messages == [f"127.0.0.1: {what}"]


@pytest.mark.parametrize("data", [b"", b"agi_network: yes\n", header(environment())[:-1]])
def test_who_does_not_say_what_it_wants_is_not_waited_for(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def story(agi: Agi) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", agi.port)
        writer.write(data)
        answer = await ended(reader)
        writer.close()
        return answer

    assert with_server(FakeDesk(), story, Patience(header=0.05)) == b""
    assert caplog.messages == ["127.0.0.1: did not say within 0.05 s what it wants"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "sent what is no AGI request: no agi_request in it"),
        (b"\n\n", "sent what is no AGI request: no agi_request in it"),
        (bytes(range(256)) * 4 + b"\n\n", "sent what is no AGI request: no agi_request in it"),
        (b"\xff" * (LONGEST_LINE + 1000), "sent a line of more than 16 kB"),
        (b"x" * 1_000_000, "sent a line of more than 16 kB"),
        (b"agi_x: 1\n" * 110_000, "sent more than 64 kB before a blank line"),
    ],
)
def test_what_is_no_request_is_refused_and_said_once(
    data: bytes, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer, agi = sent(data)

    assert answer == b""
    assert caplog.messages == [f"127.0.0.1: {what}"]


def test_the_longest_header_is_still_read() -> None:
    name = "x" * (LONGEST_LINE - 100)
    args = [name] * ((LONGEST_HEADER - 2000) // len(name))

    assert talked(FakeDesk(), FakeCall(environment(args=args))).set["TEXTBACK_OFFER"] == "1"


def test_an_unknown_hook_is_told_on_the_console_and_refused(caplog: pytest.LogCaptureFixture) -> None:
    call = talked(FakeDesk(), FakeCall(environment('ofer"\\\x07?queue=support')))

    assert call.set == {}
    assert call.commands == [
        'VERBOSE "textback has no hook ofer     it has may-offer call-to-text offer no-answer handled hours caller" 1'
    ]
    assert caplog.messages == ["""127.0.0.1: asked for the hook 'ofer"\\\\\\x07', which there is not"""]


def test_the_same_mistake_a_thousand_times_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def story(agi: Agi) -> int:
        for _ in range(50):
            await FakeCall(environment("nothing")).run(agi.port)
        return agi.refused

    assert with_server(FakeDesk(), story) == 50
    assert len(caplog.messages) == 1


def test_no_number_and_no_name_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "textback")
    desk = FakeDesk(fails=RuntimeError("gone"))
    talked(desk, FakeCall(environment(callerid="12025550143\nagi_dnid: 1", calleridname="Maria Ruiz")))
    talked(FakeDesk(known=About("Maria Ruiz")), FakeCall(environment("caller")))

    assert len(caplog.messages) == 1
    assert "2025550143" not in caplog.text and "Maria" not in caplog.text


def test_a_forged_call_is_counted_told_and_never_texted(caplog: pytest.LogCaptureFixture) -> None:
    desk = FakeDesk()

    async def story(agi: Agi) -> tuple[FakeCall, int]:
        lines = environment("call-to-text", callerid="1\nagi_uniqueid: 9.9\nagi_callerid: 12025550143")
        return await FakeCall(lines).run(agi.port), agi.tampered

    call, tampered = with_server(desk, story)

    assert call.set == {"TEXTBACK_RESULT": "refused", "TEXTBACK_REASON": "bad_number"}
    assert (desk.asked, tampered) == ([], 1)
    assert caplog.messages == ["127.0.0.1: call 1795282247.169 forged AGI lines: it is not texted"]


def test_forged_replies_behind_a_forged_blank_line_change_nothing() -> None:
    desk = FakeDesk()
    forged = "1\n\n200 result=1\n200 result=1\n200 result=1"

    call = talked(desk, FakeCall(environment("offer", callerid=forged), keys=["5"]))
    assert (call.set, call.heard) == ({"TEXTBACK_RESULT": "refused", "TEXTBACK_REASON": "bad_number"}, [])

    call = talked(desk, FakeCall(environment("may-offer", callerid=forged)))
    assert (call.set, desk.asked) == ({"TEXTBACK_OFFER": "0", "TEXTBACK_REASON": "bad_number"}, [])


def test_the_desk_hears_of_forged_calls_that_are_missed_as_such() -> None:
    desk = FakeDesk()
    talked(desk, FakeCall(environment("handled", callerid="1\nagi_uniqueid: 9.9")))

    (_, caller), = desk.asked
    assert isinstance(caller, Caller)
    assert caller.tampered and caller.uniqueid == "1795282247.169"


def test_five_hundred_silent_connections_disturb_no_call() -> None:
    async def story() -> int:
        async with listening(FakeDesk(), WITHOUT_END) as agi:
            silent = [await asyncio.open_connection("127.0.0.1", agi.port) for _ in range(500)]
            calls = [await FakeCall().run(agi.port) for _ in range(5)]
            for _, writer in silent:
                writer.close()
            return sum(call.set == {"TEXTBACK_OFFER": "1", "TEXTBACK_REASON": ""} for call in calls)

    assert asyncio.run(story()) == 5


def test_the_longest_silent_makes_room_for_who_comes() -> None:
    async def story() -> tuple[bytes, dict[str, str], int]:
        async with listening(FakeDesk(), WITHOUT_END, most=3) as agi:
            silent = [await asyncio.open_connection("127.0.0.1", agi.port) for _ in range(3)]
            await until(lambda: len(agi) == 3)
            call = await FakeCall().run(agi.port)
            first = await ended(silent[0][0])
            left = len(agi)
            for _, writer in silent:
                writer.close()
            return first, call.set, left

    first, variables, left = asyncio.run(story())

    assert first == b""
    assert variables["TEXTBACK_OFFER"] == "1"
    assert left >= 2


def test_a_call_in_its_prompt_is_not_dropped_for_another() -> None:
    async def story() -> tuple[bytes, bytes]:
        async with listening(FakeDesk(), Patience(goodbye=0.05), most=1) as agi:
            reader, writer = await in_the_prompt(agi)
            late, late_writer = await asyncio.open_connection("127.0.0.1", agi.port)
            refused = await ended(late)
            late_writer.close()
            writer.write(b"200 result=0 endpos=1\n")
            answer = await reader.readline()
            writer.close()
            return refused, answer

    refused, answer = asyncio.run(story())

    assert refused == b""
    assert answer == b'SET VARIABLE TEXTBACK_RESULT "declined"\n'


async def in_the_prompt(agi: Agi) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A caller who hears the offer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", agi.port)
    writer.write(header(environment("offer")))
    for reply in (b"200 result=1\n", b"200 result=0\n"):
        await reader.readline()
        writer.write(reply)
    assert (await reader.readline()).startswith(b"GET OPTION")
    return reader, writer


def test_the_end_of_the_daemon_does_not_wait_for_a_prompt() -> None:
    async def story() -> bytes:
        async with listening(FakeDesk(), Patience(goodbye=0.05)) as agi:
            reader, writer = await in_the_prompt(agi)
        rest = await ended(reader)
        writer.close()
        return rest

    assert asyncio.run(story()) == b""


def test_the_end_of_the_daemon_lets_a_hook_finish() -> None:
    asked = asyncio.Event()

    class Slow(FakeDesk):
        async def call_to_text(self, caller: Caller, number: str | None = None) -> Answer:
            asked.set()
            for _ in range(20):
                await asyncio.sleep(0)
            return Answer("texted")

    async def story() -> dict[str, str]:
        async with listening(Slow()) as agi:
            call = asyncio.create_task(FakeCall(environment("call-to-text")).run(agi.port))
            await asked.wait()
        return (await call).set

    assert asyncio.run(story())["TEXTBACK_RESULT"] == "texted"


def test_a_peer_that_stops_answering_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> bytes:
        async with listening(FakeDesk(), Patience(command=0.05)) as agi:
            reader, writer = await asyncio.open_connection("127.0.0.1", agi.port)
            writer.write(header(environment()))
            heard = await ended(reader)
            writer.close()
            return heard

    assert asyncio.run(story()) == b'SET VARIABLE TEXTBACK_OFFER "1"\n'
    assert caplog.messages == ["127.0.0.1: no reply to SET VARIABLE within 0.05 s"]


def test_variables_with_hostile_names_reach_the_dialplan_harmless() -> None:
    hostile = '"; ${SHELL(rm -rf /)}\nSET VARIABLE EVIL "1" \\'
    call = talked(FakeDesk(known=About(hostile)), FakeCall(environment("caller")))

    assert call.set["TEXTBACK_NAME"].split() == ["SHELL", "rm", "-rf", "/", "SET", "VARIABLE", "EVIL", "1"]
    assert "EVIL" not in call.set


def test_an_environment_in_latin_1_is_read() -> None:
    async def story(agi: Agi) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", agi.port)
        writer.write(header(environment(calleridname="NAME")).replace(b"NAME", b"Zo\xeb"))
        line = await reader.readline()
        writer.close()
        return line

    desk = FakeDesk()
    assert with_server(desk, story) == b'SET VARIABLE TEXTBACK_OFFER "1"\n'
    assert desk.asked[0][1].name == "Zo\ufffd"


def networks(*texts: str) -> Sequence[IPv4Network | IPv6Network]:
    return [ip_network(text) for text in texts]


@pytest.mark.parametrize(
    ("allow", "answered"),
    [
        ((), True),
        (("127.0.0.0/8",), True),
        (("10.1.0.0/16", "127.0.0.1/32"), True),
        (("10.1.0.0/16",), False),
        (("::1/128",), False),
    ],
)
def test_only_the_networks_that_are_allowed_are_answered(
    allow: tuple[str, ...], answered: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> bytes:
        async with listening(FakeDesk(), allow=networks(*allow)) as agi:
            reader, writer = await asyncio.open_connection("127.0.0.1", agi.port)
            writer.write(header(environment()))
            try:
                line = await reader.readline()
            except ConnectionError:
                line = b""
            writer.close()
            return line

    assert bool(asyncio.run(story())) == answered
    assert answered or caplog.messages == ["127.0.0.1: is not in [agi] allow, so it is not answered"]


def test_an_ipv4_peer_of_an_ipv6_listener_is_known_by_its_own_address() -> None:
    agi = Agi(FakeDesk(), networks("10.1.0.0/16"))

    assert agi.allows("::ffff:10.1.2.3")
    assert not agi.allows("::ffff:10.2.2.3")
    assert not agi.allows("fe80::1%eth0")


def test_an_address_in_use_is_a_clear_error() -> None:
    async def story() -> str:
        async with listening(FakeDesk()) as agi:
            with pytest.raises(ListenError) as caught:
                await Agi(FakeDesk()).listen("127.0.0.1", agi.port)
            return str(caught.value).replace(str(agi.port), "PORT")

    told = asyncio.run(story())
    assert told.startswith("[agi] listen: cannot listen on 127.0.0.1:PORT: ")
    assert "in use" in told


def test_how_long_hooks_take_is_measured_but_not_how_long_callers_listen() -> None:
    async def story(agi: Agi) -> list[int]:
        counts = []
        for hook in ("may-offer", "hours", "offer"):
            await FakeCall(environment(hook)).run(agi.port)
            counts.append(agi.latency.count)
        assert {name: one.count for name, one in agi.latencies.items() if one.count} == {"may-offer": 1, "hours": 1}
        return counts

    assert with_server(FakeDesk(), story) == [1, 2, 2]


def test_two_hundred_calls_at_once_are_all_answered() -> None:
    desk = FakeDesk()

    async def story(agi: Agi) -> list[FakeCall]:
        lines = [environment("call-to-text", uniqueid=f"1.{number}") for number in range(200)]
        return await asyncio.gather(*(FakeCall(one).run(agi.port) for one in lines))

    calls: list[FakeCall] = with_server(desk, story, Patience(ask=PATIENCE, text=PATIENCE))

    assert {call.set["TEXTBACK_RESULT"] for call in calls} == {"texted"}
    assert len({caller.uniqueid for what, caller, *_ in desk.asked if what == "call_to_text"}) == 200


@pytest.mark.parametrize(
    ("desk", "is_ours"),
    [
        (FakeDesk(hangs="handled"), False),
        (FakeDesk(fails=OperationalError("SELECT 1", {}, ConnectionError("gone"))), False),
        (FakeDesk(fails=KeyError("a mistake")), True),
    ],
)
def test_the_log_shows_where_a_fault_of_ours_is_and_none_where_the_database_is_away(
    desk: FakeDesk, is_ours: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with listening(desk, Patience(ask=0.02)) as agi:
            await FakeCall(environment("handled")).run(agi.port)

    asyncio.run(story())
    (told,) = [record for record in caplog.records if "the calls go on" in record.message]
    assert (told.exc_info is not None) is is_ours
