"""The daemon's outputs are full, gone or closed: it goes on, and ends in order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import pytest

from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script

from .conftest import Home
from .processes import PATIENCE, SOURCE

CALLER = Script("12025550143", "Doe, Jane", "15551230100", (waits_and_gives_up(20.0),))
#: how a shell starts it
OUTPUTS = {
    "its log on a disk that is full": "2>/dev/full",
    "no log": "2>&-",
    "no output at all": ">&- 2>&- <&-",
    "whoever read its log has gone": "2> >(exec true)",
    "whoever read both has gone": "> >(exec true) 2>&1",
}


async def at_once(seconds: float) -> None:
    """Time that a test does not wait for."""


@pytest.mark.parametrize("outputs", OUTPUTS.values(), ids=list(OUTPUTS))
def test_a_call_is_followed_all_the_same(home: Home, outputs: str) -> None:
    home.want(abandoned__min_hold=0, guards__settle=0, guards__cooldown=0)

    async def story() -> int | None:
        pbx = Simulator(sleep=at_once, callers=(), secret="hush-hush")
        home.configure('[log]\nlevel = "debug"\n', port=await pbx.start())
        start = f'exec "$0" -m textback run --config "$1" {outputs}'
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TZ": "UTC"}
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", start, sys.executable, home.config, env=environment, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(PATIENCE):
                while not (rows := logged(home)):
                    await pbx.play(CALLER)  # until it is there to see one
                    await asyncio.sleep(0.2)
                assert {row["disposition"] for row in rows} == {"abandoned"} and process.returncode is None
                process.send_signal(signal.SIGTERM)
                return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await pbx.stop()

    assert asyncio.run(story()) == 0


def logged(home: Home) -> list[dict[str, str]]:
    return [json.loads(line) for line in home.done("calls", "list", "--json").splitlines() if "abandoned" in line]
