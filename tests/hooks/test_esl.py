"""The server of outbound event sockets: what is no FreeSWITCH is refused in time, and disturbs nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from tests.hooks.desks import FakeDesk, called_esl, listening_esl, with_esl
from tests.hooks.fake_freeswitch import PATIENCE, UUID, FakeChannel, channel_data
from textback.hooks.desk import About, Answer, Caller
from textback.hooks.esl import Esl
from textback.hooks.esl_frames import LARGEST_BODY, LONGEST_BLOCK
from textback.hooks.patience import Patience
from textback.listen import ListenError

OFFER = {"textback_hook": "offer"}
#: the longest that a connection may go on which never says what it wants, in seconds
REFUSED_WITHIN = 5.0


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server closes."""
    async with asyncio.timeout(PATIENCE):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def until_alone(esl: Esl) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(esl):
            await asyncio.sleep(0.001)


async def in_the_prompt(esl: Esl) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A caller who hears the offer, on a FreeSWITCH that waits for its end (no async)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", esl.port)
    await reader.readuntil(b"\n\n")
    writer.write(channel_data({"Unique-ID": UUID}, OFFER, "full"))
    while b"play_and_get_digits" not in await reader.readuntil(b"\n\n"):
        writer.write(b"Content-Type: command/reply\nReply-Text: +OK\n\n")
    return reader, writer


def sent(data: bytes, closes: bool = False) -> tuple[bytes, Esl]:
    """What the server says to raw bytes, and the server; a caller in a prompt meanwhile must not notice."""

    async def story(esl: Esl) -> tuple[bytes, Esl]:
        caller, prompt = await in_the_prompt(esl)
        reader, writer = await asyncio.open_connection("127.0.0.1", esl.port)
        writer.write(data)
        if closes:
            writer.write_eof()
        said = await ended(reader)
        writer.close()
        prompt.write(b"Content-Type: command/reply\nReply-Text: +OK\n\n")
        assert await caller.readuntil(b"\n\n") == b"getvar textback_digits\n\n"
        prompt.close()
        await until_alone(esl)
        return said, esl

    return with_esl(FakeDesk(), story)


@pytest.mark.parametrize("data", [b"", b"Event-Name", channel_data({}, OFFER)[:-1], channel_data({}, OFFER)[:3000]])
def test_who_closes_early_is_let_go_and_nobody_else_notices(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    said, esl = sent(data, closes=True)

    assert said in (b"connect\n\n", b"")
    assert esl.refused == 1
    assert caplog.messages == ["127.0.0.1: closed before its call was told whole"]


@pytest.mark.parametrize("data", [b"", b"Event-Name: CHANNEL_DATA\n", channel_data({}, OFFER)[:-1]])
def test_who_does_not_say_what_it_wants_is_not_waited_for(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def story(esl: Esl) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", esl.port)
        writer.write(data)
        said = await ended(reader)
        writer.close()
        return said

    assert Patience().header <= REFUSED_WITHIN
    assert with_esl(FakeDesk(), story, Patience(header=0.05)) == b"connect\n\n"
    assert caplog.messages == ["127.0.0.1: did not say within 0.05 s who calls"]


NO_DATA = "sent what is no channel's data"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\n\n", NO_DATA),
        (b"Content-Type: auth/request\n\n", NO_DATA),
        (b"Content-Type: text/event-plain\nContent-Length: 27\n\nEvent-Name: CHANNEL_DATA\nUni", NO_DATA),
        (channel_data({"Unique-ID": None}, OFFER), NO_DATA + ": no Unique-ID in it"),
        (channel_data({"Unique-ID": "x y"}, OFFER), NO_DATA + ": no Unique-ID in it"),
        (bytes(range(256)) * 4 + b"\n\n", NO_DATA),
        (b"x" * 1_000_000, f"sent more than {LONGEST_BLOCK // 1024} kB before a blank line"),
        (b"a: 1\n" * 220_000, f"sent more than {LONGEST_BLOCK // 1024} kB before a blank line"),
        (b"Content-Length: -1\n\n", "announced a body of no length, or an endless one"),
        (b"Content-Length: 5x\n\n", "announced a body of no length, or an endless one"),
        (b"Content-Length: %d\n\n" % (LARGEST_BODY + 1), "announced a body of no length, or an endless one"),
        (b"Content-Length: 99999999999999999999\n\n", "announced a body of no length, or an endless one"),
    ],
)
def test_what_is_no_call_is_refused_and_said_once(data: bytes, what: str, caplog: pytest.LogCaptureFixture) -> None:
    said, esl = sent(data)

    assert said in (b"connect\n\n", b"")
    assert esl.refused == 1
    assert caplog.messages == [f"127.0.0.1: {what}"]


def test_a_name_of_ten_kilobytes_is_a_caller_like_any_other() -> None:
    desk = FakeDesk()
    name = "%\n:é|" * 2500
    shown = ("Channel-Caller-ID-Name", "Caller-Caller-ID-Name", "Caller-Orig-Caller-ID-Name", "Caller-Username")
    variables = {variable: name for variable in ("sip_from_display", "sip_full_from", "effective_caller_id_name")}

    channel = called_esl(desk, "may-offer", headers=dict.fromkeys(shown, name), variables=variables)

    assert channel.set["TEXTBACK_OFFER"] == "1"
    assert desk.asked[0][1].number == "+13055551401"


def test_an_unknown_hook_is_told_on_the_console_and_refused(caplog: pytest.LogCaptureFixture) -> None:
    channel = called_esl(FakeDesk(), "ofer${evil}\n\x07?queue=support")

    assert channel.set == {}
    assert channel.commands[3].splitlines()[2:4] == [
        "execute-app-name: log",
        "execute-app-arg: WARNING textback has no hook ofer  evil     it has may-offer call-to-text offer no-answer"
        " handled hours caller",
    ]
    assert caplog.messages == ["127.0.0.1: asked for the hook 'ofer${evil}\\n\\x07', which there is not"]


def test_who_asks_once_its_dialplan_has_gone_on_is_not_answered_any_more(caplog: pytest.LogCaptureFixture) -> None:
    """A daemon that was frozen meanwhile: the caller has heard that no text comes."""
    desk = FakeDesk()
    channel = called_esl(desk, "call-to-text", variables={"current_application": "callcenter"})

    assert (channel.set, desk.asked) == ({}, [])
    assert caplog.messages == ["127.0.0.1: was answered too late: its call has gone on"]


@pytest.mark.parametrize("mode", ["full", ""])
def test_what_is_right_for_async_is_taken_back_where_it_would_take_the_call_away(mode: str) -> None:
    channel = called_esl(FakeDesk(), "may-offer", mode=mode, variables={"socket_resume": "true"})

    assert "execute-app-name: unset\nexecute-app-arg: socket_resume\n" in channel.commands[-2]


@pytest.mark.parametrize("hook", ["may-offer", "handled", "nothing", ""])
def test_a_call_is_not_given_back_before_freeswitch_waits_for_commands(hook: str) -> None:
    """Or it waits for ever, with the caller: 1 of 15 calls, on FreeSWITCH 1.11.2."""
    assert not called_esl(FakeDesk(), hook).is_stuck


def test_the_same_mistake_a_thousand_times_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def story(esl: Esl) -> int:
        for _ in range(50):
            await FakeChannel("nothing").run(esl.port)
        return esl.refused

    assert with_esl(FakeDesk(), story) == 50
    assert len(caplog.messages) == 1


def test_no_number_and_no_name_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "textback")
    desk = FakeDesk(fails=RuntimeError("gone"))
    who: dict[str, str | None] = {"Caller-Orig-Caller-ID-Number": "12025550143\n", "Caller-Caller-ID-Name": "Maria"}
    called_esl(desk, "caller", headers=who)
    called_esl(FakeDesk(known=About("Maria Ruiz")), "caller")

    assert len(caplog.messages) == 2
    assert "2025550143" not in caplog.text and "Maria" not in caplog.text


def test_a_number_with_line_ends_is_counted_told_and_never_texted(caplog: pytest.LogCaptureFixture) -> None:
    desk = FakeDesk()

    async def story(esl: Esl) -> tuple[FakeChannel, int]:
        forged = "1\nCaller-Caller-ID-Number: +19005550199"
        channel = FakeChannel("call-to-text", headers={"Caller-Orig-Caller-ID-Number": forged})
        return await channel.run(esl.port), esl.tampered

    channel, tampered = with_esl(desk, story)

    assert channel.set == {"TEXTBACK_RESULT": "refused", "TEXTBACK_REASON": "bad_number"}
    assert (desk.asked, tampered) == ([], 1)
    assert caplog.messages == [f"127.0.0.1: call {UUID} has control characters in its number: it is not texted"]


def test_five_hundred_silent_connections_disturb_no_call() -> None:
    async def story() -> int:
        async with listening_esl(FakeDesk(), Patience(header=3600.0)) as esl:
            silent = [await asyncio.open_connection("127.0.0.1", esl.port) for _ in range(500)]
            calls = [await FakeChannel().run(esl.port) for _ in range(5)]
            for _, writer in silent:
                writer.close()
            return sum(call.set == {"TEXTBACK_OFFER": "1", "TEXTBACK_REASON": ""} for call in calls)

    assert asyncio.run(story()) == 5


def test_a_call_in_its_prompt_is_not_dropped_for_another() -> None:
    async def story() -> tuple[bytes, bytes]:
        async with listening_esl(FakeDesk(), Patience(goodbye=0.05), most=1) as esl:
            reader, writer = await in_the_prompt(esl)
            late, late_writer = await asyncio.open_connection("127.0.0.1", esl.port)
            refused = await ended(late)
            late_writer.close()
            writer.write(b"Content-Type: command/reply\nReply-Text: +OK\n\n")
            answer = await reader.readuntil(b"\n\n")
            writer.close()
            return refused, answer

    assert asyncio.run(story()) == (b"", b"getvar textback_digits\n\n")


def test_the_end_of_the_daemon_does_not_wait_for_a_prompt_and_gives_the_call_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> bytes:
        async with listening_esl(FakeDesk(), Patience(goodbye=0.05)) as esl:
            reader, writer = await in_the_prompt(esl)
        rest = await ended(reader)
        writer.close()
        return rest

    assert asyncio.run(story()) == b"exit\n\n"
    assert caplog.messages == []


def test_the_end_of_the_daemon_lets_a_hook_finish() -> None:
    asked = asyncio.Event()

    class Slow(FakeDesk):
        async def call_to_text(self, caller: Caller, number: str | None = None) -> Answer:
            asked.set()
            for _ in range(20):
                await asyncio.sleep(0)
            return Answer("texted")

    async def story() -> dict[str, str]:
        async with listening_esl(Slow()) as esl:
            call = asyncio.create_task(FakeChannel("call-to-text").run(esl.port))
            await asked.wait()
        return (await call).set

    assert asyncio.run(story())["TEXTBACK_RESULT"] == "texted"


def test_variables_with_hostile_names_reach_the_dialplan_harmless() -> None:
    hostile = '"; ${system(rm -rf /)}\n\nsendmsg\nEVIL=1|EVIL=2 $${x} \\'
    channel = called_esl(FakeDesk(known=About(hostile)), "caller")

    assert channel.set["TEXTBACK_NAME"].split() == "system rm -rf / sendmsg EVIL 1 EVIL 2 x".split()
    assert "EVIL" not in channel.set
    said = [command.partition("\n")[0] for command in channel.commands]
    assert said == ["connect", "linger 10", "myevents plain", "sendmsg", "exit"]


def networks(*texts: str) -> Sequence[IPv4Network | IPv6Network]:
    return [ip_network(text) for text in texts]


@pytest.mark.parametrize(
    ("allow", "answered"), [((), True), (("127.0.0.0/8",), True), (("10.1.0.0/16",), False), (("::1/128",), False)]
)
def test_only_the_networks_that_are_allowed_are_answered(
    allow: tuple[str, ...], answered: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> bytes:
        async with listening_esl(FakeDesk(), Patience(header=0.05), allow=networks(*allow)) as esl:
            reader, writer = await asyncio.open_connection("127.0.0.1", esl.port)
            said = await ended(reader)
            writer.close()
            return said

    assert asyncio.run(story()) == (b"connect\n\n" if answered else b"")
    assert answered or caplog.messages == ["127.0.0.1: is not in [esl] allow, so it is not answered"]


def test_an_address_in_use_is_a_clear_error() -> None:
    async def story() -> str:
        async with listening_esl(FakeDesk()) as esl:
            with pytest.raises(ListenError) as caught:
                await Esl(FakeDesk()).listen("127.0.0.1", esl.port)
            return str(caught.value).replace(str(esl.port), "PORT")

    assert asyncio.run(story()) == "[esl] listen: cannot listen on 127.0.0.1:PORT: address already in use"


def test_how_long_hooks_take_is_measured_but_not_how_long_callers_listen() -> None:
    async def story(esl: Esl) -> list[int]:
        counts = []
        for hook in ("may-offer", "hours", "offer"):
            await FakeChannel(hook).run(esl.port)
            counts.append(esl.latency.count)
        return counts

    assert with_esl(FakeDesk(), story) == [1, 2, 2]


def test_two_hundred_calls_at_once_are_all_answered() -> None:
    desk = FakeDesk()

    async def story(esl: Esl) -> list[FakeChannel]:
        channels = [FakeChannel("call-to-text", headers={"Unique-ID": f"call-{number}"}) for number in range(200)]
        return await asyncio.gather(*(channel.run(esl.port) for channel in channels))

    calls = with_esl(desk, story, Patience(ask=PATIENCE, text=PATIENCE))

    assert {call.set["TEXTBACK_RESULT"] for call in calls} == {"texted"}
    assert len({caller.uniqueid for what, caller, *_ in desk.asked if what == "call_to_text"}) == 200
