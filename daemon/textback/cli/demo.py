"""``textback demo``: the whole daemon at work, beside a PBX and callers that are made up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from textback import logs
from textback.app import App
from textback.cli.faults import Refused
from textback.cli.playbill import Playbill
from textback.cli.signals import Signals
from textback.cli.scene import set_the_scene
from textback.clock import Clock
from textback.config import Log, load
from textback.demo.simulator import Simulator

#: seconds between two looks whether the link is up, so that the first caller is not missed
LOOK = 0.05

HEADER = """\
An Asterisk that is simulated (AMI on 127.0.0.1:{port}), callers who are made up, and textback beside it as it
would run beside yours. Texts are printed instead of sent, and some callers answer them.

The pages:  {address}     name: {name}     password: {password}

Each call appears when it is decided, some seconds after its end. The log so far:
textback --config {config} calls list
Ctrl-C ends the demo.
"""


@click.command(short_help="Show textback at work: no PBX, no account needed.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep the log in this folder.")
@click.option("--duration", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="End after that.")
@click.option("--calls", type=click.IntRange(min=1), metavar="N", help="End after that many calls.")
@click.option("--speed", type=click.FloatRange(1, 50), default=1.0, metavar="N", help="Let time pass N times as fast.")
def demo(data: Path | None, duration: float | None, calls: int | None, speed: float) -> None:
    """Show textback at work: no PBX and no account needed, nothing leaves this computer.

    The pages are on port 8080 of this computer, or on another one if that is taken.

    \b
    Example: textback demo
             textback demo --speed 5 --calls 10
    """
    logs.set_up(Log(level="warning"))
    with _folder(data) as folder:
        shown = asyncio.run(_play(folder, _clock(speed), speed, duration, calls))
    click.echo(f"\n{shown.calls} calls, {shown.texts} texts.{f' The log is kept in {data}.' if data else ''}")


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is None:
        with TemporaryDirectory(prefix="textback-demo-") as temporary:
            yield Path(temporary)
        return
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{data}: {(error.strerror or 'cannot be made').lower()}") from None
    yield data.absolute()


def _clock(speed: float) -> Clock:
    wall, begun = time.time(), time.monotonic()
    return lambda: wall + (time.monotonic() - begun) * speed


async def _play(folder: Path, clock: Clock, speed: float, duration: float | None, calls: int | None) -> Playbill:
    logs.watch_loop(asyncio.get_running_loop())
    with Signals() as signals:
        signals.listen()
        stop = signals.stop
        simulator = Simulator(clock=clock, sleep=lambda seconds: asyncio.sleep(seconds / speed), channelvars=True)
        playbill = Playbill(clock, calls, stop.set)
        port = await simulator.start()
        try:
            await _show(folder, simulator, port, playbill, clock, stop, duration)
        finally:
            await simulator.stop()
    return playbill


async def _show(
    folder: Path,
    simulator: Simulator,
    port: int,
    playbill: Playbill,
    clock: Clock,
    stop: asyncio.Event,
    duration: float | None,
) -> None:
    stage = set_the_scene(folder, port, clock)
    click.echo(HEADER.format(port=port, **asdict(stage)))
    app = App(load(stage.config), clock, playbill.decided, playbill)
    if duration is not None:
        asyncio.get_running_loop().call_later(duration, stop.set)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(app.run(stop))
        calling = tasks.create_task(_perform(simulator, app))
        await stop.wait()
        calling.cancel()


async def _perform(simulator: Simulator, app: App) -> None:
    while not all(link.is_up for link in app.links.values()) or not app.links:
        await asyncio.sleep(LOOK)
    await simulator.perform()
