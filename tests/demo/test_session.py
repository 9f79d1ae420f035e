from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from textback.demo import session
from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script

from .client import Block, Client, connected, logged_in
from .recorded import STORIES
from .virtual_time import VirtualTime


async def at_once(seconds: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def running(simulator: Simulator) -> AsyncIterator[int]:
    port = await simulator.start()
    try:
        yield port
    finally:
        await simulator.stop()


def with_client(talk: Callable[[Client], Awaitable[None]], log_in: bool = True) -> None:
    async def story() -> None:
        async with running(Simulator(sleep=at_once)) as port:
            async with (logged_in if log_in else connected)(port) as client:
                await asyncio.wait_for(talk(client), 10)

    asyncio.run(story())


@pytest.mark.parametrize(("username", "secret"), [("textback", "wrong"), ("nobody", "demo"), ("", "")])
def test_a_wrong_login_is_refused_and_the_line_closed(username: str, secret: str) -> None:
    async def talk(client: Client) -> None:
        answer = await client.ask(Action="Login", ActionID="1", Username=username, Secret=secret)
        assert answer == {"Response": "Error", "ActionID": "1", "Message": "Authentication failed"}
        assert await client.is_closed()

    with_client(talk, log_in=False)


def test_before_a_login_nothing_is_answered() -> None:
    async def talk(client: Client) -> None:
        answer = await client.ask(Action="QueueStatus", ActionID="2")
        assert answer == {"Response": "Error", "ActionID": "2", "Message": "Permission denied"}

    with_client(talk, log_in=False)


def test_a_login_is_followed_by_fully_booted() -> None:
    async def talk(client: Client) -> None:
        answer = await client.ask(Action="Login", ActionID="L", Username="textback", Secret="demo")
        assert answer == {"Response": "Success", "ActionID": "L", "Message": "Authentication accepted"}
        booted = dict(await client.block())
        assert (booted["Privilege"], booted["Status"]) == ("system,all", "Fully Booted")

    with_client(talk, log_in=False)


def test_a_ping_is_answered_with_its_id() -> None:
    async def talk(client: Client) -> None:
        answer = await client.ask(Action="Ping", ActionID="p1")
        assert (answer["ActionID"], answer["Ping"]) == ("p1", "Pong")

    with_client(talk)


def test_an_unknown_action_is_an_error() -> None:
    async def talk(client: Client) -> None:
        answer = await client.ask(Action="MakeTea", ActionID="t")
        assert answer["Response"] == "Error"
        assert answer["Message"].startswith("Invalid/unknown command: MakeTea.")
        assert (await client.ask(ActionID="u"))["Message"] == "Missing action in request"

    with_client(talk)


def test_a_logoff_ends_the_conversation() -> None:
    async def talk(client: Client) -> None:
        assert (await client.ask(Action="Logoff"))["Response"] == "Goodbye"
        assert await client.is_closed()

    with_client(talk)


@pytest.mark.parametrize("noise", [b"x" * 200_000, b"A: b\r\n" * 200, b"Action: Ping\r\n"])
def test_what_is_no_action_ends_only_that_conversation(noise: bytes) -> None:
    async def story() -> None:
        async with running(Simulator()) as port, logged_in(port) as other:
            async with logged_in(port) as client:
                client.writer.write(noise)
                client.writer.write_eof()
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                    await client.block()
            assert (await other.ask(Action="Ping"))["Ping"] == "Pong"

    asyncio.run(story())


def test_events_can_be_turned_off_and_narrowed() -> None:
    async def talk(client: Client) -> None:
        assert (await client.ask(Action="Events", EventMask="off"))["Events"] == "Off"
        assert (await client.ask(Action="Events", EventMask="call,agent"))["Events"] == "On"

    with_client(talk)


def test_a_masked_class_is_not_heard(time: VirtualTime) -> None:
    async def story() -> None:
        simulator = Simulator(clock=time.clock, sleep=time.sleep)
        async with running(simulator) as port, logged_in(port) as client:
            await client.ask(Action="Events", EventMask="agent")
            await time.run(simulator.play(Script("15559870001", "", "100", (waits_and_gives_up(9),))))
            assert [(await client.block())[0][1] for _ in range(3)] == [
                "QueueCallerJoin", "QueueCallerAbandon", "QueueCallerLeave",
            ]

    asyncio.run(story())


def test_a_client_that_never_reads_is_cut_off(time: VirtualTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PATIENCE", 10_000)

    async def story() -> None:
        simulator = Simulator(clock=time.clock, sleep=time.sleep)
        async with running(simulator) as port, logged_in(port) as deaf, logged_in(port, "off") as other:
            for _ in range(40_000):
                simulator.stage.board.tell("UserEvent", "user", [("UserEvent", "x" * 1000)])
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                while True:
                    await deaf.block()
            assert (await other.ask(Action="Ping"))["Ping"] == "Pong"

    asyncio.run(story())


def recorded_shapes() -> dict[str, list[str]]:
    """The header names of each kind of event in a recorded snapshot, as the first of its kind had them."""
    raw = gzip.decompress((STORIES / "wire" / "i3_resync_snapshot.snapshot.ami.gz").read_bytes()).decode()
    shapes: dict[str, list[str]] = {}
    for block in raw.split("\r\n\r\n"):
        lines = [line.partition(":") for line in block.split("\r\n") if line]
        if lines and lines[0][0] == "Event":
            shapes.setdefault(lines[0][2].strip(), [name for name, _, _ in lines])
    return shapes


async def snapshot(client: Client) -> list[Block]:
    return [
        *(await client.list_of("CoreShowChannelsComplete", Action="CoreShowChannels", ActionID="a"))[1:],
        *(await client.list_of("QueueStatusComplete", Action="QueueStatus", ActionID="b"))[1:],
        *(await client.list_of("StatusComplete", Action="Status", ActionID="c"))[1:],
    ]


def with_a_waiting_caller(time: VirtualTime, look: Callable[[Client], Awaitable[None]]) -> None:
    async def story() -> None:
        simulator = Simulator(clock=time.clock, sleep=time.sleep)
        async with running(simulator) as port, logged_in(port, "off") as client:
            script = Script("15559870103", "", "15551230100", (waits_and_gives_up(60, ringing=True),))
            calling = asyncio.create_task(simulator.play(script))
            await asyncio.sleep(0)
            time.now += 5
            await look(client)
            calling.cancel()

    asyncio.run(story())


def test_the_lists_have_the_headers_of_asterisk_in_their_order(time: VirtualTime) -> None:
    async def look(client: Client) -> None:
        shapes, seen = recorded_shapes(), await snapshot(client)
        for block in seen:
            assert [name for name, _ in block] == shapes[block[0][1]]
        assert {block[0][1] for block in seen} >= {"CoreShowChannel", "QueueEntry", "QueueMember", "Status"}

    with_a_waiting_caller(time, look)


def test_the_lists_tell_who_waits_since_when(time: VirtualTime) -> None:
    async def look(client: Client) -> None:
        items = [dict(block) for block in await snapshot(client)]
        entry = next(item for item in items if item["Event"] == "QueueEntry")
        assert (entry["CallerIDNum"], entry["CallerIDName"], entry["Position"]) == ("15559870103", "unknown", "1")
        assert (entry["Wait"], entry["ActionID"]) == ("5", "b")
        status = next(item for item in items if item["Event"] == "Status")
        assert (status["DNID"], status["Seconds"]) == ("15551230100", "5")
        params = next(item for item in items if item["Event"] == "QueueParams")
        assert (params["Queue"], params["Calls"]) == ("support", "1")

    with_a_waiting_caller(time, look)


def test_status_tells_the_variables_that_are_asked_for(time: VirtualTime) -> None:
    async def look(client: Client) -> None:
        blocks = await client.list_of("StatusComplete", Action="Status", Variables="FROM_DID,NOPE")
        assert ("Variable", "FROM_DID=15551230100") in blocks[1]
        assert ("Variable", "NOPE=(null)") in blocks[1]
        assert (await client.ask(Action="Status", Channel="PJSIP/none"))["Message"] == "No such channel"

    with_a_waiting_caller(time, look)


def test_a_queue_that_does_not_exist_is_an_empty_list() -> None:
    async def talk(client: Client) -> None:
        start, end = await client.list_of("QueueStatusComplete", Action="QueueStatus", Queue="nowhere")
        assert (dict(start)["EventList"], dict(end)["ListItems"]) == ("start", "0")

    with_client(talk)
