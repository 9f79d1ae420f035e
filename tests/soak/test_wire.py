"""A wire that goes dead says nothing, loses nothing if it lives again, and shows who has given it up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from tests.soak.sight import Sight
from tests.soak.spans import Spans
from tests.soak.wire import Streams, Wire

LIMIT = 10.0


def play(story: Callable[[Wire, Sight], Awaitable[None]]) -> None:
    """With a PBX at the other end that says back what it hears."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sight = Sight()
        wire = Wire(lambda: asyncio.open_connection("127.0.0.1", port), sight)
        await wire.listen()
        async with asyncio.timeout(LIMIT):
            await story(wire, sight)
            await wire.close()
        server.close()

    asyncio.run(run())


async def said(line: Streams, words: bytes) -> bytes:
    line[1].write(words)
    return await line[0].readexactly(len(words))


async def follow(wire: Wire, sight: Sight) -> Streams:
    """Log in, and ask for the lists, as a daemon does."""
    line = await asyncio.open_connection("127.0.0.1", wire.port)
    await said(line, b"Action: Login\r\n\r\n")
    await said(line, b"Action: QueueStatus\r\n\r\n")
    while not sight.is_up:
        await asyncio.sleep(0.01)
    return line


def test_who_has_logged_in_and_asked_for_the_lists_follows_from_the_login_on() -> None:
    async def story(wire: Wire, sight: Sight) -> None:
        line = await follow(wire, sight)
        wire.cut()
        with suppress(ConnectionError):
            assert await line[0].read() == b""
        while sight.is_up:
            await asyncio.sleep(0.01)
        before, after = sight.blind.all()
        assert before[1] <= after[0] and sight.noticed == []

    play(story)


def test_what_was_held_comes_when_the_line_lives_again_and_nobody_was_blind() -> None:
    async def story(wire: Wire, sight: Sight) -> None:
        line, late = await follow(wire, sight), Spans()
        wire.stall()
        sight.goes_dead()
        line[1].write(b"one ")
        line[1].write(b"two")
        sight.lives_again(late)
        wire.flow()
        assert await line[0].readexactly(7) == b"one two"
        assert sight.is_up and len(late.all()) == 1

    play(story)


def test_the_end_of_one_stall_is_not_the_end_of_another() -> None:
    async def story(wire: Wire, sight: Sight) -> None:
        line = await follow(wire, sight)
        wire.stall()
        wire.stall(to_client=False)
        wire.flow(to_client=False)
        line[1].write(b"one")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await line[0].readexactly(3)
        wire.flow()
        assert await line[0].readexactly(3) == b"one"

    play(story)


def test_what_was_held_before_the_line_counted_as_followed_comes_late_as_well() -> None:
    async def story(wire: Wire, sight: Sight) -> None:
        late = Spans()
        line = await asyncio.open_connection("127.0.0.1", wire.port)
        await said(line, b"Action: Login\r\n\r\n")
        await said(line, b"Action: QueueStatus\r\n\r\n")
        wire.stall()
        sight.goes_dead()
        sight.lives_again(late)
        wire.flow()
        while not sight.is_up:
            await asyncio.sleep(0.01)
        assert len(late.all()) == 1 and sight.noticed == []
        line[1].close()

    play(story)


def test_who_gives_up_a_dead_line_is_seen_to_and_is_blind_until_the_next_login() -> None:
    async def story(wire: Wire, sight: Sight) -> None:
        line, late = await follow(wire, sight), Spans()
        wire.stall()
        sight.goes_dead()
        line[1].write(b"Action: Ping\r\n\r\n")
        line[1].close()
        while not sight.noticed:
            await asyncio.sleep(0.01)
        sight.lives_again(late)
        wire.flow()
        assert not sight.is_up and late.all() == []
        await follow(wire, sight)

    play(story)
