from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hooks.fake_asterisk import DEAD, PATIENCE, USAGE, words
from textback.hooks.agi_session import Reply, Session, quoted
from textback.hooks.patience import Patience
from textback.hooks.phone import HungUp, NoPrompt, PhoneError

Story = Callable[[Session], Awaitable[Any]]
#: bytes of a command that Asterisk reads (AGI_BUF_LEN in res/res_agi.c, without its end)
LONGEST_COMMAND = 2047


def talk(replies: list[bytes], story: Story, patience: Patience = Patience()) -> tuple[Any, list[str]]:
    """What ``story`` returns, and the commands that it sent: each is answered by the next of ``replies``."""
    commands: list[str] = []

    async def asterisk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting = list(replies)
        while waiting and (line := await reader.readline()):
            commands.append(line.decode().removesuffix("\n"))
            writer.write(waiting.pop(0))
            await writer.drain()
        writer.write_eof()
        await reader.read()
        writer.close()

    async def run() -> Any:
        server = await asyncio.start_server(asterisk, "127.0.0.1", 0)
        async with server, asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            try:
                return await story(Session(reader, writer, patience))
            finally:
                writer.close()

    return asyncio.run(run()), commands


def command(session: Session) -> Awaitable[Reply]:
    return session.command("GET VARIABLE X")


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"200 result=0\n", Reply("200", "0")),
        (b"200 result=1 (text me)\n", Reply("200", "1", "text me")),
        (b"200 result=1 (a) (b))\n", Reply("200", "1", "a) (b)")),
        (b"200 result=1 ()\n", Reply("200", "1", "")),
        (b"200 result=53 endpos=17120\n", Reply("200", "53", None, 17120)),
        (b"200 result= (timeout)\n", Reply("200", "", "timeout")),
        (b"200 result=0012 (timeout)\n", Reply("200", "0012", "timeout")),
        (b"200 result=1 (hangup)\n", Reply("200", "1", "hangup")),
        (b"200 result=1 (Zo\xeb)\r\n", Reply("200", "1", "Zo\ufffd")),
        (b"200\n", Reply("200")),
    ],
)
def test_a_reply_is_read(line: bytes, reply: Reply) -> None:
    assert talk([line], command)[0] == reply


@pytest.mark.parametrize(
    "noise", [b"HANGUP\n", b"HANGUP\nHANGUP\n", b"100 result=0 Trying...\n", b"agi_dnid: 1\n\n", b"2000 result=5\n"]
)
def test_what_comes_before_a_reply_is_none(noise: bytes) -> None:
    async def twice(session: Session) -> list[str]:
        return [(await command(session)).result, (await command(session)).result]

    results, _ = talk([noise + b"200 result=1\n", noise + b"200 result=2\n"], twice)

    assert results == ["1", "2"]


def test_a_hang_up_told_behind_a_reply_does_not_put_the_next_one_out_of_step() -> None:
    async def thrice(session: Session) -> str:
        await session.set("A", "1")
        await session.set("B", "2")
        return await session.variable("C")

    value, _ = talk([b"200 result=1\nHANGUP\n", b"200 result=1\nHANGUP\n", b"200 result=1 (three)\n"], thrice)

    assert value == "three"


def test_usage_of_several_lines_is_one_reply() -> None:
    async def misunderstood(session: Session) -> str:
        with pytest.raises(PhoneError, match="GET VARIABLE was answered by 520"):
            await command(session)
        return await session.variable("X")

    assert talk([USAGE, b"200 result=1 (next)\n"], misunderstood)[0] == "next"


@pytest.mark.parametrize("line", [b"510 Invalid or unknown command\n", b"520 Invalid command syntax.\n", b"999\n"])
def test_a_command_that_is_not_understood_is_an_error(line: bytes) -> None:
    assert isinstance(fails([line], command), PhoneError)


def test_a_dead_channel_is_a_hang_up_after_which_variables_can_still_be_set() -> None:
    async def late(session: Session) -> None:
        with pytest.raises(HungUp) as gone:
            await session.answer()
        assert gone.value.connected
        await session.set("TEXTBACK_RESULT", "declined")

    _, commands = talk([b"HANGUP\n" + DEAD, b"200 result=1\n"], late)

    assert commands[-1] == 'SET VARIABLE TEXTBACK_RESULT "declined"'


@pytest.mark.parametrize("rest", [b"", b"HANGUP\nHANGUP\n", b"200 resu"])
def test_a_closed_connection_is_a_hang_up_after_which_nothing_can_be_set(rest: bytes) -> None:
    error = fails([rest], command)

    assert isinstance(error, HungUp)
    assert not error.connected


def test_no_reply_is_waited_for_for_ever() -> None:
    error = fails([b"HANGUP\n", b""], command, Patience(command=0.05))

    assert str(error) == "no reply to GET VARIABLE within 0.05 s"


@pytest.mark.parametrize("flood", [b"x" * 200_000, b"x" * 1000 + b"\n", b"520-usage\n" + b"x" * 1000 + b"\n"])
def test_an_endless_reply_is_given_up(flood: bytes) -> None:
    error = fails([flood * 100], command)

    assert isinstance(error, PhoneError)
    assert "endless" in str(error)


def test_errors_do_not_tell_what_a_command_was_about() -> None:
    error = fails([USAGE], lambda session: session.say_digits("2025550143"))

    assert str(error) == "SAY DIGITS was answered by 520"


def fails(replies: list[bytes], story: Story, patience: Patience = Patience()) -> Exception:
    """The error that the story ends with."""

    async def run(session: Session) -> Exception:
        with pytest.raises((HungUp, PhoneError, NoPrompt)) as caught:
            await story(session)
        return caught.value

    error, _ = talk(replies, run, patience)
    assert isinstance(error, Exception)
    return error


@pytest.mark.parametrize(
    ("line", "pressed"),
    [
        (b"200 result=53 endpos=17120\n", "5"),
        (b"200 result=0 endpos=62720\n", None),
        (b"200 result=54 endpos=1\n", None),
        (b"200 result=35 endpos=1\n", "#"),
        (b"200 result=\n", None),
        (b"200 result=99999999 endpos=1\n", None),
    ],
)
def test_a_key_is_one_of_those_asked_for(line: bytes, pressed: str | None) -> None:
    key, commands = talk([line], lambda session: session.key("textback/offer", "5#", 4.5))

    assert key == pressed
    assert commands == ['GET OPTION "textback/offer" "5#" 4500']


def test_digits_are_asked_for_with_a_wait_between_them() -> None:
    digits, commands = talk([b"200 result=0012 (timeout)\n"], lambda session: session.digits("ask", 6.0, 18))

    assert digits == "0012"
    assert commands == ['GET DATA "ask" 6000 18']


def play(session: Session) -> Awaitable[None]:
    return session.play("ask")


def key(session: Session) -> Awaitable[str | None]:
    return session.key("ask", "5", 1.0)


def digits(session: Session) -> Awaitable[str]:
    return session.digits("ask", 1.0, 5)


@pytest.mark.parametrize(
    ("story", "line"),
    [
        (play, b"200 result=-1 endpos=0\n"),
        (key, b"200 result=-1 endpos=0\n"),
        (digits, b"200 result=-1\n"),
    ],
)
def test_minus_one_on_a_live_channel_is_a_missing_file_and_on_a_dead_one_a_hang_up(story: Story, line: bytes) -> None:
    assert isinstance(fails([line, b"200 result=6\n"], story), NoPrompt)
    assert isinstance(fails([line, DEAD], story), HungUp)


@pytest.mark.parametrize("story", [play, key, Session.answer, lambda session: session.say_digits("12")])
def test_minus_one_in_the_middle_is_a_hang_up(story: Story) -> None:
    assert isinstance(fails([b"200 result=-1 endpos=3200\n"], story), HungUp)


@pytest.mark.parametrize(
    "value", ['a "b" c', "a\\", '\\"', "", " ", "a\tb", 'x"\nSET VARIABLE EVIL "1', "Zoë 😀", "\ud800", "\x00"]
)
def test_a_quoted_word_is_one_word_of_one_line(value: str) -> None:
    line = quoted(value)

    assert "\n" not in line.encode().decode()
    assert len(words(f"SET VARIABLE X {line}")) == 4


@given(st.text())
def test_no_value_breaks_out_of_its_command(value: str) -> None:
    line = f"SET VARIABLE X {quoted(value)}"

    assert line.encode().count(b"\n") == 0
    assert words(line)[3] == "".join(c if c.isprintable() else " " for c in value)
    assert len(words(line)) == 4
