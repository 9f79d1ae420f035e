"""The real program in a process of its own, whose lines a test waits for."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

#: seconds after which what never comes fails the test
PATIENCE = 30.0
SOURCE = Path(__file__).parents[2] / "daemon"


class Program:
    """``textback`` with arguments; both of its outputs are read."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self, containing: str = "", stream: str = "stdout") -> str:
        """The next line that has ``containing`` in it."""
        reader = getattr(self.process, stream)
        async with asyncio.timeout(PATIENCE):
            while True:
                line = (await reader.readline()).decode()
                assert line, f"the program ended before it said {containing!r}"
                if containing in line:
                    return line.rstrip("\n")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def end(self) -> tuple[int, str, str]:
        """Its exit status, and what was still to be read of both outputs."""
        async with asyncio.timeout(PATIENCE):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def textback(*arguments: object, **more: str) -> AsyncIterator[Program]:
    """The program while it runs, with ``more`` in its environment; killed if the test leaves it running."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1", "TZ": "UTC"} | more
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "textback", *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )  # fmt: skip
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
