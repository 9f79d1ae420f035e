"""The real program is told to end, or to read its configuration anew, whatever hangs meanwhile."""

from __future__ import annotations

import asyncio
import html
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.hooks import fake_asterisk
from tests.sms.fake_twilio import fake_twilio, hang
from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script
from textback.store import accounts, keys, sessions
from textback.web.seals import Seals

from .conftest import Home
from .processes import PATIENCE, SOURCE, Program, textback
from .test_run import at_once

CALLER = Script("12025550143", "Doe, Jane", "15551230100", (waits_and_gives_up(20.0),))
TOKEN = "t" * 43
#: seconds in which it has to be gone, and what a busy machine may add to that
LIMIT, SLACK = 10.0, 3.0
TWILIO = """
[sms]
provider = "twilio"
[sms.twilio]
account_sid = "AC00000000000000000000000000000000"
auth_token = "token"
api_base = "{url}"
"""


class Notified:
    """The systemd of a test: what the program told it, as it comes."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)

    async def word(self, beginning: str) -> str:
        """The next word that begins so."""
        async with asyncio.timeout(PATIENCE):
            while True:
                told = (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode()
                if told.startswith(beginning):
                    return told

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def pbx() -> AsyncIterator[tuple[Simulator, int]]:
    made = Simulator(sleep=at_once, callers=(), secret="hush-hush")
    try:
        yield made, await made.start()
    finally:
        await made.stop()


@asynccontextmanager
async def sending(home: Home) -> AsyncIterator[tuple[Program, Simulator]]:
    """A daemon with a text in hand, which the provider does not answer, and its PBX."""
    home.want(abandoned__min_hold=0, guards__settle=0)
    async with fake_twilio(hang) as twilio, pbx() as (asterisk, port):
        home.configure(TWILIO.format(url=twilio.url), port=port)
        async with textback("run", "--config", home.config) as program:
            await program.line("main: link is up", "stderr")
            await asterisk.play(CALLER)
            async with asyncio.timeout(PATIENCE):
                while not twilio.posts:
                    await asyncio.sleep(0.01)
            yield program, asterisk


async def told_to_end(program: Program, limit: float = LIMIT + SLACK) -> tuple[int, str]:
    """The exit status after a SIGTERM, and the rest of its log; fails if that takes too long."""
    began = time.monotonic()
    program.send(signal.SIGTERM)
    status, _, log = await program.end()
    assert time.monotonic() - began < limit
    return status, log


def test_a_provider_that_hangs_holds_nobody_up_and_its_text_is_looked_up_later(home: Home) -> None:
    async def story() -> None:
        async with sending(home) as (program, _):
            status, log = await told_to_end(program)
            assert status == 0 and "it is looked up at the next start" in log

    asyncio.run(story())
    (row,) = [json.loads(line) for line in home.done("messages", "list", "--json").splitlines()]
    assert row["status"] == "sending"


def test_a_second_signal_ends_it_at_once(home: Home) -> None:
    async def story() -> None:
        async with sending(home) as (program, asterisk):
            program.send(signal.SIGINT)
            async with asyncio.timeout(PATIENCE):  # it takes no more work: its pages are gone
                while asterisk._sessions:
                    await asyncio.sleep(0.01)
            status, log = await told_to_end(program, SLACK)
            assert status == 1
            assert "told a second time to end: ending all the same; the next start takes up what is stored" in log

    asyncio.run(story())


def test_a_database_that_is_gone_holds_nobody_up(home: Home) -> None:
    home.want()

    async def story() -> None:
        async with pbx() as (asterisk, port):
            home.configure(port=port)
            async with textback("run", "--config", home.config) as program:
                await program.line("main: link is up", "stderr")
                (home.folder / "textback.db").rename(home.folder / "away.db")
                await asterisk.play(CALLER)
                await program.line("the database does not take what is written", "stderr")
                status, log = await told_to_end(program)
            assert status == 0 and "the next start learns them from the PBX" in log

    asyncio.run(story())


def test_a_hook_in_progress_and_visitors_who_say_nothing_hold_nobody_up(home: Home) -> None:
    home.want()

    async def story() -> None:
        async with pbx() as (_, port):
            home.configure('[agi]\nlisten = "127.0.0.1:0"\n', port=port)
            async with textback("run", "--config", home.config) as program:
                http = await program.line("[http] listens on", "stderr")
                agi = await program.line("[agi] listens on", "stderr")
                await program.line("main: link is up", "stderr")
                visitors = [await connect(http), await connect(agi)]
                caller = await connect(agi)
                caller[1].write(fake_asterisk.header(fake_asterisk.environment("offer", ["timeout=60"])))
                async with asyncio.timeout(PATIENCE):
                    assert await caller[0].readline()  # a command, to which nobody answers
                status, _ = await told_to_end(program)
                for _, writer in (*visitors, caller):
                    writer.close()
            assert status == 0

    async def connect(line: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = line.rpartition(" ")[2].rpartition(":")
        return await asyncio.open_connection(host, int(port))

    asyncio.run(story())


def test_a_page_that_is_open_is_told_that_it_is_over_and_holds_nobody_up(home: Home) -> None:
    """The browser asks again, and finds the daemon that comes next; what is cut off it would take for an error."""
    home.want()
    cookie = signed_in(home)

    async def story() -> None:
        async with pbx() as (_, port):
            home.configure(port=port)
            async with textback("run", "--config", home.config) as program:
                address = (await program.line("[http] listens on", "stderr")).rpartition(" ")[2]
                await program.line("main: link is up", "stderr")
                page, writer = await asked(address, "/calls", cookie)
                shown = (await page.read()).decode()
                writer.close()
                live = html.unescape(shown.partition('data-live="')[2].partition('"')[0])
                digest = shown.partition('data-digest="')[2].partition('"')[0]
                open_pages = [await asked(address, f"{live}?digest={digest}", cookie) for _ in range(3)]
                async with asyncio.timeout(PATIENCE):
                    for open_page, _ in open_pages:
                        assert b"200 OK" in await open_page.readuntil(b"event: unread\ndata: 0\n\n")
                status, log = await told_to_end(program)
                for open_page, writer in open_pages:
                    assert (await open_page.read()).endswith(b"\r\n0\r\n\r\n")  # not cut off
                    writer.close()
            assert status == 0 and "ERROR" not in log

    asyncio.run(story())


def signed_in(home: Home) -> str:
    """The cookie of somebody who is signed in, as the daemon seals it."""
    home.done("user", "add", "kim", answers="four unrelated words\n")
    kept: list[str] = []

    def sign_in(conn: Connection) -> None:
        kim = accounts.find(conn, "kim")
        assert kim is not None
        sessions.start(conn, TOKEN, kim.id, now=time.time(), address="", agent="")
        kept.append(Seals(keys.key(conn, "pages")).sealed("session", TOKEN))

    home.change(sign_in)
    return f"textback={kept[0]}"


async def asked(address: str, target: str, cookie: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """What a browser that is signed in is answered to a GET, as it comes."""
    host, _, port = address.rpartition(":")
    kind = "text/event-stream" if "?digest=" in target else "text/html"
    lines = (f"GET {target} HTTP/1.1", f"Host: {address}", f"Accept: {kind}", f"Cookie: {cookie}")
    more = () if kind == "text/event-stream" else ("Connection: close",)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write("\r\n".join((*lines, *more, "", "")).encode())
    return reader, writer


def test_a_pbx_that_takes_the_connection_and_says_nothing_holds_nobody_up(home: Home) -> None:
    home.want()

    async def story() -> None:
        came = asyncio.Event()

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.set()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        home.configure(port=server.sockets[0].getsockname()[1])
        async with textback("run", "--config", home.config) as program:
            async with asyncio.timeout(PATIENCE):
                await came.wait()
            assert (await told_to_end(program, LIMIT / 2))[0] == 0
        server.close()

    asyncio.run(story())


STUCK = """
import asyncio, logging, time
from textback.cli import signals

signals.LAST_MOMENT = 0.2
logging.basicConfig()

async def main():
    with signals.Signals() as heard:
        heard.listen()
        print("ready", flush=True)
        {stuck}

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "stuck",
    ["while True: time.sleep(0.01)", "logging.getLogger().handlers[0].acquire(); time.sleep(600)"],
)
def test_an_event_loop_that_is_stuck_or_the_log_is_no_reason_to_stay(stuck: str) -> None:
    script = STUCK.format(stuck=stuck)
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": str(SOURCE)}, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 1
        finally:
            process.kill()


TWICE = """
import asyncio, signal
from textback.cli import signals

async def main():
    with signals.Signals({reloads}) as heard:
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
        heard.listen()
        print(heard.stop.is_set(), heard.reload.is_set())

asyncio.run(main())
"""


@pytest.mark.parametrize(("reloads", "said"), [("reloads=True", "False True\n"), ("", "True False\n")])
def test_a_hangup_is_not_lost_while_it_begins_and_a_second_one_is_no_impatience(reloads: str, said: str) -> None:
    """A terminal that goes says so twice: its shell and the kernel both do."""
    command = [sys.executable, "-c", TWICE.format(reloads=reloads)]
    told = subprocess.run(command, capture_output=True, env={"PYTHONPATH": str(SOURCE)}, text=True, timeout=PATIENCE)
    assert (told.returncode, told.stdout) == (0, said), told.stderr


def test_systemd_hears_of_the_beginning_of_each_reload_and_of_the_end(home: Home) -> None:
    home.want(abandoned__min_hold=0, guards__settle=0)
    systemd = Notified(home.folder)

    async def story() -> None:
        async with pbx() as (asterisk, port):
            home.configure(port=port)
            told = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "3000000"}
            async with textback("run", "--config", home.config, **told) as program:
                await systemd.word("READY=1")
                await systemd.word("WATCHDOG=1")
                await systemd.word("STATUS=1 of 1 links up, 0 callers on the line")
                config = home.config.read_text()
                home.config.write_text(config + '[log]\nlevel = "loud"\n[sms]\nrate = 0\n')
                program.send(signal.SIGHUP)
                await systemd.word("RELOADING=1\nMONOTONIC_USEC=")
                mistakes = [await program.line("ERROR textback: ", "stderr") for _ in range(2)]
                assert all(any(f"{key}: found" in line for line in mistakes) for key in ("log.level", "sms.rate"))
                kept = f"{home.config} was not taken, and all goes on as before: mend it, and reload again"
                assert (await program.line("ERROR textback: ", "stderr")).endswith(kept)
                status = await systemd.word("STATUS=")
                await systemd.word("READY=1")  # who asks once `systemctl reload` is back is told of the mistake
                assert "0 callers on the line; " in status and "was not taken, and all goes on as before: " in status
                assert status.endswith("(and 1 more)")
                home.config.write_text(config + '[log]\nlevel = "error"\nlog_numbers = true\nformat = "json"\n')
                program.send(signal.SIGHUP)
                await systemd.word("RELOADING=1")
                assert "was not taken" not in await systemd.word("STATUS=")
                await systemd.word("READY=1")
                await asterisk.play(CALLER)
                assert "+12025550143" in await program.line("text to ")
                program.send(signal.SIGTERM)
                await systemd.word("STOPPING=1")
                status_of_exit, _, log = await program.end()
            assert (status_of_exit, log) == (0, "")  # nothing is said any more but of errors

    asyncio.run(story())
    systemd.close()


def test_a_terminal_that_goes_ends_the_program_in_order(home: Home) -> None:
    """There a SIGHUP says that nobody is left to read what it prints."""
    home.want()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "textback", "run", "--config", str(home.config)]
    environment = {"PYTHONPATH": str(SOURCE), "TZ": "UTC"}
    with subprocess.Popen(command, stderr=theirs, stdout=theirs, env=environment) as process:
        try:
            said = b""
            while b"[http] listens" not in said:
                said += os.read(ours, 4096)
            process.send_signal(signal.SIGHUP)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
