from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.hooks.desks import FakeDesk
from tests.practices import practice
from textback.config import Config, load
from textback.doctor.finding import Finding
from textback.doctor.listening import examine_hooks_listener, examine_pages
from textback.hooks.esl import Esl

PBX = '[[pbx]]\nname = "main"\nkind = "asterisk"\nusername = "tb"\nsecret = "x"\ntrunks = ["PJSIP/t-*"]\n'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def config(folder: Path, text: str) -> Config:
    (folder / "textback.toml").write_text(text)
    return load(folder / "textback.toml")


def saying(words: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n" if words.startswith(b"SET") else b"\n")
        writer.write(words)
        await writer.drain()
        writer.close()

    return serve


@asynccontextmanager
async def listener(serve: Serve) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def hooks(folder: Path, port: int, more: str = "") -> list[Finding]:
    text = f'[agi]\nlisten = "127.0.0.1:{port}"\n{more}'
    return [finding async for finding in examine_hooks_listener(config(folder, text))]


async def pages(folder: Path, port: int) -> Finding:
    text = f'[http]\nlisten = "127.0.0.1:{port}"\n'
    (finding,) = [one async for one in examine_pages(config(folder, text))]
    return finding


async def free() -> int:
    async with listener(saying(b"")) as port:
        return port


@pytest.mark.parametrize(
    ("words", "status"), [(b'SET VARIABLE TEXTBACK_OPEN "1"\n', "ok"), (b"HTTP/1.1 400 Bad Request\r\n", "failed")]
)
def test_hooks_are_known_by_what_they_answer(tmp_path: Path, words: bytes, status: str) -> None:
    async def run() -> list[Finding]:
        async with listener(saying(words)) as port:
            return await hooks(tmp_path, port)

    (finding,) = asyncio.run(run())
    assert finding.status == status


def test_where_nobody_listens_the_daemon_is_to_be_started(tmp_path: Path) -> None:
    async def run() -> tuple[list[Finding], Finding]:
        return await hooks(tmp_path, await free()), await pages(tmp_path, await free())

    (first,), second = asyncio.run(run())
    for finding in (first, second):
        assert (finding.status, finding.file, finding.lines) == ("failed", "shell", ("textback run",))
        assert "connection refused" in finding.message


def test_without_a_table_for_hooks_there_is_nothing_to_ask(tmp_path: Path) -> None:
    async def run() -> list[Finding]:
        return [finding async for finding in examine_hooks_listener(config(tmp_path, PBX))]

    assert [finding.status for finding in asyncio.run(run())] == ["skipped"]


def test_a_key_that_nobody_passes_on_is_warned_of(tmp_path: Path) -> None:
    async def run() -> list[Finding]:
        return [finding async for finding in examine_hooks_listener(config(tmp_path, PBX), [practice()])]

    (finding,) = asyncio.run(run())
    assert finding.status == "warning" and finding.lines[0] == "[agi]"


def test_a_pbx_on_another_computer_has_to_be_allowed_to_ask(tmp_path: Path) -> None:
    async def run(host: str) -> list[Finding]:
        async with listener(saying(b'SET VARIABLE X "1"\n')) as port:
            return await hooks(tmp_path, port, f'allow = ["10.1.0.0/16"]\n{PBX}host = "{host}"\n')

    assert [finding.status for finding in asyncio.run(run("10.1.2.3"))] == ["ok"]
    refused = asyncio.run(run("10.2.2.3"))[1]
    assert refused.lines == ('allow = ["10.1.0.0/16", "10.2.2.3"]',) and refused.file == "textback.toml, [agi]"


@pytest.mark.parametrize(("status", "expected"), [(200, "ok"), (303, "ok"), (404, "failed"), (500, "failed")])
def test_pages_are_known_by_their_sign_in(tmp_path: Path, status: int, expected: str) -> None:
    async def run() -> Finding:
        async with listener(saying(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())) as port:
            return await pages(tmp_path, port)

    assert asyncio.run(run()).status == expected


def test_pages_on_any_free_port_cannot_be_looked_for(tmp_path: Path) -> None:
    assert asyncio.run(pages(tmp_path, 0)).status == "skipped"


# -- FreeSWITCH ------------------------------------------------------------------------------------------------------

FREESWITCH = '[[pbx]]\nname = "main"\nkind = "freeswitch"\nsecret = "x"\ntrunks = ["sofia/t/*"]\n'


def outbound(says: bytes) -> Serve:
    """A listener that asks for the channel first, as one for outbound event sockets does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"connect\n\n")
        assert b"variable_textback_hook: hours" in await reader.readuntil(b"\n\n")
        writer.write(says)
        await writer.drain()
        writer.close()

    return serve


async def esl_hooks(folder: Path, port: int, more: str = FREESWITCH) -> list[Finding]:
    text = f'[esl]\nlisten = "127.0.0.1:{port}"\n{more}'
    return [finding async for finding in examine_hooks_listener(config(folder, text))]


@pytest.mark.parametrize(
    ("serve", "status"),
    [
        (outbound(b"linger 10\n\n"), "ok"),
        (outbound(b"myevents\n\n"), "failed"),
        (saying(b"HTTP/1.1 400\r\n"), "failed"),
    ],
)
def test_hooks_of_a_freeswitch_are_known_by_what_they_ask(tmp_path: Path, serve: Serve, status: str) -> None:
    async def run() -> list[Finding]:
        async with listener(serve) as port:
            return await esl_hooks(tmp_path, port)

    (finding,) = asyncio.run(run())
    assert (finding.check, finding.status) == ("esl", status)


def test_our_own_hooks_answer_the_doctor(tmp_path: Path) -> None:
    async def run() -> list[Finding]:
        server = Esl(FakeDesk())
        await server.listen("127.0.0.1", 0)
        stop = asyncio.Event()
        running = asyncio.create_task(server.run(stop))
        try:
            return await esl_hooks(tmp_path, server.port)
        finally:
            stop.set()
            await running

    assert [finding.status for finding in asyncio.run(run())] == ["ok"]


def test_each_kind_of_pbx_is_looked_for_where_it_asks(tmp_path: Path) -> None:
    async def run(text: str) -> list[str]:
        return [one.check async for one in examine_hooks_listener(config(tmp_path, text), [practice()])]

    assert asyncio.run(run(FREESWITCH)) == ["esl"]
    assert asyncio.run(run(PBX)) == ["agi"]
    assert asyncio.run(run(FREESWITCH + PBX.replace("main", "other"))) == ["agi", "esl"]


def test_a_freeswitch_on_another_computer_has_to_be_allowed_to_ask(tmp_path: Path) -> None:
    async def run() -> list[Finding]:
        async with listener(outbound(b"sendmsg\n\n")) as port:
            return await esl_hooks(tmp_path, port, f'allow = ["10.1.0.0/16"]\n{FREESWITCH}host = "10.2.2.3"\n')

    refused = asyncio.run(run())[1]
    assert refused.lines == ('allow = ["10.1.0.0/16", "10.2.2.3"]',) and refused.file == "textback.toml, [esl]"
