from __future__ import annotations

import asyncio
import gc
import json
import signal
import socket

import pytest

from textback.cli.run import settle
from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script

from .conftest import Home
from .processes import textback

CALLER = Script("12025550143", "Doe, Jane", "15551230100", (waits_and_gives_up(20.0),))


async def at_once(seconds: float) -> None:
    """Time that a test does not wait for."""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_follows_a_call_sends_the_text_and_stops_cleanly(home: Home, end: signal.Signals) -> None:
    home.want(abandoned__min_hold=0, guards__settle=0)

    async def story() -> None:
        pbx = Simulator(sleep=at_once, callers=(), secret="hush-hush")
        home.configure(port=await pbx.start())
        async with textback("run", "--config", home.config) as program:
            await program.line("main: link is up", "stderr")
            await pbx.play(CALLER)
            text = await program.line()
            program.send(end)
            status, out, err = await program.end()
        await pbx.stop()
        assert text == "text to +12025550143 from +12025550100: Riverside: we got disconnected."
        assert (status, out) == (0, "")
        assert "[abandoned] +1202•••0143" in err and "INFO textback: stopped" in err
        assert "hush" not in err and "+12025550143" not in err and "disconnected." not in err

    asyncio.run(story())
    (row,) = [json.loads(line) for line in home.done("calls", "list", "--json").splitlines()]
    assert (row["caller_name"], row["verdict"], row["message_status"]) == ("Doe, Jane", "text", "sent")


def test_numbers_are_logged_only_where_that_is_wanted(home: Home) -> None:
    home.want(abandoned__min_hold=0, guards__settle=0)

    async def story() -> None:
        pbx = Simulator(sleep=at_once, callers=(), secret="hush-hush")
        home.configure('[log]\nlog_numbers = true\nformat = "json"\n', port=await pbx.start())
        async with textback("run", "--config", home.config) as program:
            await program.line("link is up", "stderr")
            await pbx.play(CALLER)
            told = json.loads(await program.line("[abandoned]", "stderr"))
        await pbx.stop()
        assert told["message"].endswith("[abandoned] +12025550143")

    asyncio.run(story())


def test_it_upgrades_the_database_unless_told_not_to(home: Home) -> None:
    refused = home.run("run", "--no-upgrade")
    assert (refused.exit_code, "`textback db upgrade`" in refused.stderr) == (1, True)

    async def story() -> None:
        async with textback("run", "--config", home.config) as program:
            await program.line("database upgraded to", "stderr")
            await program.line("an empty one was made", "stderr")
            await program.line("there is no practice yet", "stderr")
            program.send(signal.SIGTERM)
            assert (await program.end())[0] == 0

    asyncio.run(story())
    assert home.run("db", "status").exit_code == 0


def test_a_wrong_configuration_ends_it_at_once(home: Home) -> None:
    home.configure("[sms]\nprovider = 1\n")
    result = home.run("run")
    assert (result.exit_code, "sms.provider" in result.stderr) == (78, True)


def test_an_empty_file_ends_it_at_once(home: Home) -> None:
    home.config.write_text("# cut off here")
    result = home.run("run")
    assert (result.exit_code, "found nothing, expected at least one table" in result.stderr) == (78, True)


def test_a_database_that_cannot_be_made_ends_it_with_a_line_that_says_what_to_do(home: Home) -> None:
    home.config.write_text(home.config.read_text().replace("/textback.db", "/gone/textback.db"))
    result = home.run("run")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "see that the folder exists" in result.stderr


def test_a_wrong_password_is_reported_and_does_not_end_it(home: Home) -> None:
    home.migrate()

    async def story() -> None:
        pbx = Simulator(callers=(), secret="another")
        home.configure(port=await pbx.start())
        async with textback("run", "--config", home.config) as program:
            told = await program.line("WARNING ami: main:", "stderr")
            program.send(signal.SIGTERM)
            status, _, _ = await program.end()
        await pbx.stop()
        assert status == 0
        assert "Authentication failed" in told or "password" in told or "refused" in told
        assert "hush" not in told

    asyncio.run(story())


@pytest.mark.parametrize("table", ["agi", "esl", "webhooks"])
def test_an_address_that_another_program_has_is_told_in_one_line(home: Home, table: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        home.configure(f'[{table}]\nlisten = "127.0.0.1:{port}"\n')

        async def story() -> tuple[int, str, str]:
            async with textback("run", "--config", home.config) as program:
                return await program.end()

        status, _, err = asyncio.run(story())
    assert status == 1
    assert err.splitlines()[-1] == f"[{table}] listen: cannot listen on 127.0.0.1:{port}: address already in use"
    assert "Traceback" not in err


def test_what_the_program_is_made_of_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    try:
        settle()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
