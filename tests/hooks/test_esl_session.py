"""One conversation with a scripted FreeSWITCH: what is said is answered in time, or is over; nothing waits for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hooks.desks import FakeDesk, called_esl
from tests.hooks.fake_freeswitch import PATIENCE, UUID
from textback.hooks.esl_session import EslSession
from textback.hooks.patience import Patience
from textback.hooks.phone import HungUp, PhoneError

Story = Callable[[EslSession], Awaitable[Any]]
OK = b"Content-Type: command/reply\nReply-Text: +OK\n\n"
HASTY = Patience(command=0.05, playing=0.05, goodbye=0.05)


def event(name: str, uuid: str = UUID, more: str = "") -> bytes:
    body = f"Event-Name: {name}\nUnique-ID: {UUID}\n{more}Application-UUID: {uuid}\n\n".encode()
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(body) + body


def talk(
    replies: list[bytes], story: Story, patience: Patience = Patience(), is_async: bool = False, closes: bool = True
) -> tuple[Any, list[str]]:
    """What ``story`` returns, and the commands that it sent: each is answered by the next of ``replies``.

    ``{uuid}`` in a reply is the Event-UUID of the command. After the last reply FreeSWITCH closes, or stays silent.
    """
    commands: list[str] = []

    async def freeswitch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting = list(replies)
        try:
            while waiting:
                command = (await reader.readuntil(b"\n\n")).decode()
                commands.append(command.removesuffix("\n\n"))
                uuid = command.partition("Event-UUID: ")[2].partition("\n")[0].encode()
                writer.write(waiting.pop(0).replace(b"{uuid}".ljust(36), uuid))
            if closes:
                writer.write_eof()
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the session is over, whoever ended it
        writer.close()

    async def run() -> Any:
        server = await asyncio.start_server(freeswitch, "127.0.0.1", 0)
        async with server, asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            session = EslSession(reader, writer, patience)
            session.is_async = is_async
            try:
                return await story(session)
            finally:
                writer.close()

    return asyncio.run(run()), commands


THEIRS = "{uuid}".ljust(36)


def complete(more: str = "") -> bytes:
    """The end of the application that was begun; a placeholder of the same length stands for its id."""
    return event("CHANNEL_EXECUTE_COMPLETE", THEIRS, more)


def test_an_application_is_over_when_its_own_end_is_told() -> None:
    others = event("CHANNEL_EXECUTE_COMPLETE", "another") + event("CHANNEL_EXECUTE", THEIRS) + event("DTMF")
    _, commands = talk([OK, OK, OK + others + complete(), OK], _play_and_ask, is_async=True)

    assert [command.partition("\n")[0] for command in commands] == [
        "linger 10",
        "myevents plain",
        "sendmsg",
        "getvar x",
    ]
    assert commands[2].splitlines()[1:-1] == [
        "call-command: execute",
        "execute-app-name: playback",
        "execute-app-arg: a.wav",
    ]


async def _play_and_ask(session: EslSession) -> str:
    await session.execute("playback", "a.wav", beyond=0)
    return await session.variable("x")


def test_without_async_the_reply_is_the_end() -> None:
    told, commands = talk([OK, OK, b"Content-Type: command/reply\nReply-Text: 5\n\n"], _play_and_ask)

    assert told == "5"
    assert [command.partition("\n")[0] for command in commands] == ["linger 10", "sendmsg", "getvar x"]


def test_a_variable_that_is_not_set_is_nothing() -> None:
    nothing = b"Content-Type: command/reply\nReply-Text: -ERR command not found\n\n"

    assert talk([nothing], lambda session: session.variable("x"))[0] == ""


def hung_up(replies: list[bytes], story: Story, is_async: bool = True) -> bool:
    """Whether the PBX still listened when the caller was gone."""
    with pytest.raises(HungUp) as caught:
        talk(replies, story, is_async=is_async)
    return caught.value.connected


NOTICE = b"Content-Type: text/disconnect-notice\nContent-Disposition: %s\nContent-Length: 0\n\n"


@pytest.mark.parametrize(
    "told",
    [
        event("CHANNEL_HANGUP") + complete("Application-Response: PLAYBACK%20ERROR\n"),
        complete() + NOTICE % b"linger",
        NOTICE % b"linger",
        NOTICE % b"disconnect",
    ],
)
def test_a_hang_up_in_the_middle_is_told_once(told: bytes) -> None:
    async def twice(session: EslSession) -> None:
        await session.execute("playback", "a.wav", beyond=0)
        await session.execute("playback", "b.wav", beyond=0)

    assert hung_up([OK, OK, OK + told, OK], twice)


def test_a_hang_up_that_shortens_an_application_is_found_by_asking() -> None:
    dead = b"Event-Name: CHANNEL_DATA\nAnswer-State: hangup\nContent-Type: command/reply\n\n"
    alive = dead.replace(b"hangup", b"answered")

    assert hung_up([dead], lambda session: session.check_line(), is_async=False)
    assert talk([alive], lambda session: session.check_line())[0] is None


@pytest.mark.parametrize("told", [b"", OK[:-1], OK + complete()[:-1], OK + b"Content-Length: 9000\n\nEvent-Name: x"])
def test_a_lost_connection_is_the_end_even_in_the_middle_of_an_event(told: bytes) -> None:
    """greenswitch waits for ever, or turns in circles."""
    assert not hung_up([OK, OK, told], _play_and_ask)


@pytest.mark.parametrize(("told", "what"), [(b"", "no reply to sendmsg"), (OK, "no end of playback")])
def test_a_freeswitch_that_says_nothing_more_is_given_up(told: bytes, what: str) -> None:
    """greenswitch has no limit for an answer."""
    began = time.monotonic()
    with pytest.raises(PhoneError, match=what):
        talk([OK, OK, told], _play_and_ask, HASTY, is_async=True, closes=False)

    assert time.monotonic() - began < PATIENCE / 2


@pytest.mark.parametrize("told", [b"Content-Length: -5\n\n", b"x" * 70_000 + b"\n", b"Content-Length: 99999999\n\n"])
def test_what_is_no_frame_ends_the_conversation(told: bytes) -> None:
    with pytest.raises((PhoneError, HungUp)):
        talk([OK, OK, OK + told], _play_and_ask, HASTY, is_async=True)


def test_a_refused_application_is_a_fault_of_the_line() -> None:
    refused = b"Content-Type: command/reply\nReply-Text: -ERR memory error\n\n"

    with pytest.raises(PhoneError, match="playback was refused"):
        talk([OK, OK, refused], _play_and_ask, is_async=True)


def test_replies_that_nobody_waits_for_shift_no_later_one_while_something_plays() -> None:
    """greenswitch dies of one."""
    told, _ = talk(
        [OK, OK, OK + OK + OK + complete(), b"Content-Type: command/reply\nReply-Text: 5\n\n"],
        _play_and_ask,
        is_async=True,
    )

    assert told == "5"


@pytest.mark.parametrize("noise", [b"\xff\xfe: \xff\n\n", b"Content-Length: 3\n\n\xff\xff\xff", event("X\u2028Y")])
def test_bytes_of_no_meaning_change_nothing(noise: bytes) -> None:
    told, _ = talk([noise + b"Content-Type: command/reply\nReply-Text: 5\n\n"], lambda one: one.variable("x"))

    assert told == "5"


def test_a_flood_of_events_is_not_kept() -> None:
    flood = event("CHANNEL_STATE", more="X: " + "y" * 4000 + "\n") * 2000

    told, _ = talk([OK, OK, OK + flood + complete(), OK], _play_and_ask, is_async=True)

    assert told == "+OK"


def test_nobody_answers_to_exit_and_it_is_over_all_the_same() -> None:
    began = time.monotonic()
    _, commands = talk([b""], lambda session: session.leave(), HASTY, closes=False)

    assert commands == ["exit"]
    assert time.monotonic() - began < PATIENCE / 2


@given(st.text(), st.text())
def test_no_argument_becomes_a_header_or_a_command(application: str, argument: str) -> None:
    async def begin(session: EslSession) -> None:
        await session.execute(f"set{application}", f"x={argument}")

    _, commands = talk([OK, OK], begin)

    assert len(commands) == 2
    assert [line.partition(": ")[0] for line in commands[1].split("\n")] == [
        *("sendmsg", "call-command", "execute-app-name", "execute-app-arg", "Event-UUID")
    ]


@pytest.mark.parametrize("mode", ["async full", "async", "full", ""])
@pytest.mark.parametrize("at", ["answer", "play_and_get_digits", "playback"])
def test_a_caller_who_hangs_up_in_an_offer_is_let_go(mode: str, at: str, caplog: pytest.LogCaptureFixture) -> None:
    desk = FakeDesk()
    channel = called_esl(desk, "offer", mode=mode, keys=["5"], hangs_up_at=at)

    texted = at == "playback"
    assert channel.set["TEXTBACK_RESULT"] == ("texted" if texted else "error")
    assert (("call_to_text", None) in desk.asked_for) == texted
    assert channel.left or not channel.lingers
    assert caplog.messages == []
