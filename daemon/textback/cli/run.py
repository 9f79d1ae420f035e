"""``textback run``: the daemon, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Iterator

import click

from textback import logs
from textback.app import App
from textback.cli.faults import FAILED, Refused
from textback.cli.settings import config_option, config_path, configuration
from textback.listen import ListenError
from textback.store.engine import StoreError

#: seconds after a signal by which the process is gone, come what may: nothing is only in memory
LAST_MOMENT = 9.5

log = logging.getLogger("textback")


@click.command()
@config_option
@click.option("--no-upgrade", is_flag=True, help="Refuse to start on an older database instead of upgrading it.")
def run(no_upgrade: bool) -> None:
    """Follow the PBXes, decide, and send; until SIGTERM or Ctrl-C.

    \b
    Example: textback --config /etc/textback/textback.toml run
    """
    config = configuration()
    outlet = logs.set_up(config.log)
    logs.catch_strays()
    if not config.pbx:
        log.warning("%s names no [[pbx]]: there is nothing to follow", config_path())
    settle()
    try:
        asyncio.run(_until_told(App(config), upgrade=not no_upgrade))
    except* (StoreError, ListenError) as errors:
        outlet.flush()
        raise Refused("\n".join(str(error) for error in leaves(errors))) from None


def settle() -> None:
    """What the program is made of stays: else Python looks through it for 50 ms now and then, while callers wait."""
    gc.collect()
    gc.freeze()


async def _until_told(app: App, upgrade: bool) -> None:
    logs.watch_loop(asyncio.get_running_loop())
    stop = asyncio.Event()
    on_signal(stop)
    await app.run(stop, upgrade)
    log.info("stopped")


def on_signal(stop: asyncio.Event) -> None:
    """Let SIGTERM and SIGINT set ``stop``; what hangs then is cut off at the last moment."""
    loop = asyncio.get_running_loop()

    def told() -> None:
        if not stop.is_set():
            stop.set()
            loop.call_later(LAST_MOMENT, _give_up)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)


def _give_up() -> None:
    log.error("something did not stop in time: ending all the same; the next start takes up what is stored")
    logging.shutdown()
    os._exit(FAILED)


def leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    """The single errors of a group of groups."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
