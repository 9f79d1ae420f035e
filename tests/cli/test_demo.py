from __future__ import annotations

import asyncio
import json
import re
import signal
from pathlib import Path

from click.testing import CliRunner

from textback.cli import cli

from .processes import textback

FAST = ["demo", "--speed", "20"]


def test_calls_and_texts_are_printed_as_they_happen_and_nothing_else(tmp_path: Path) -> None:
    async def story() -> tuple[int, str, str]:
        async with textback(*FAST, "--calls", "4", "--data", tmp_path) as program:
            return await program.end()

    status, out, err = asyncio.run(story())
    assert (status, err) == (0, "")
    header, _, rest = out.partition("Ctrl-C ends the demo.\n\n")
    sign_in = r"^The pages:  http://127\.0\.0\.1:\d+/     name: demo     password: \S{12}$"
    assert re.search(sign_in, header, re.MULTILINE)
    lines, _, end = rest.rpartition("\n\n")
    assert "Grace Okafor +12125550117: called 12025550199, waits in support" in lines
    assert "text: hung up after 9 s on hold in support" in lines
    assert "text to +12125550117 from +12025550100: This is Riverside Clinic." in lines
    whole = re.compile(r"\d\d:\d\d:\d\d  \S.*|          (text|skip|held): .*")
    assert all(whole.fullmatch(line) for line in lines.splitlines())
    assert re.fullmatch(r"\d+ calls, \d+ texts\. The log is kept in .*\n", end)


def test_its_log_can_be_read_with_the_other_commands(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, [*FAST, "--calls", "1", "--data", str(tmp_path)])
    assert done.exit_code == 0, done.output
    listed = CliRunner().invoke(cli, ["--config", str(tmp_path / "demo.toml"), "calls", "list", "--json"])
    told = [json.loads(line) for line in listed.stdout.splitlines()]
    assert "Grace Okafor" in [row["caller_name"] for row in told]
    sent = CliRunner().invoke(cli, ["--config", str(tmp_path / "demo.toml"), "messages", "list", "--json"])
    assert "sent" in [json.loads(line)["status"] for line in sent.stdout.splitlines()]


def test_ctrl_c_ends_it_cleanly() -> None:
    async def story() -> None:
        async with textback(*FAST) as program:
            await program.line("Ctrl-C")
            program.send(signal.SIGINT)
            status, out, err = await program.end()
            assert (status, err) == (0, "")
            assert re.search(r"\d+ calls, \d+ texts\.", out)

    asyncio.run(story())


def test_it_ends_by_itself_after_its_duration() -> None:
    result = CliRunner().invoke(cli, [*FAST, "--duration", "0.2"])
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    tmp_path.joinpath("file").touch()
    result = CliRunner().invoke(cli, ["demo", "--data", str(tmp_path / "file" / "x")])
    assert (result.exit_code, result.stderr) == (1, f"{tmp_path}/file/x: not a directory\n")
