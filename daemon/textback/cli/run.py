"""``textback run``: the daemon, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
import time
from collections.abc import Iterator

import click

from textback import logs
from textback.app import App
from textback.cli.faults import Refused
from textback.cli.reloading import Reloading
from textback.cli.settings import config_option, config_path
from textback.cli.signals import Signals
from textback.config import load_told
from textback.listen import ListenError
from textback.sd_notify import from_environment
from textback.store.engine import StoreError

#: seconds that threads have to end which nobody needs any more
LAST_THREADS = 0.5

log = logging.getLogger("textback")


@click.command()
@config_option
@click.option("--no-upgrade", is_flag=True, help="Refuse to start on an older database instead of upgrading it.")
def run(no_upgrade: bool) -> None:
    """Follow the PBXes, decide, and send; until SIGTERM or Ctrl-C. SIGHUP reads textback.toml anew.

    \b
    Example: textback --config /etc/textback/textback.toml run
    """
    path = config_path()
    config = load_told(path)
    outlet = logs.set_up(config.log)
    logs.catch_strays()
    if not config.pbx:
        log.warning("%s names no [[pbx]]: there is nothing to follow", path)
    settle()
    systemd = from_environment(os.environ)
    app = App(config, systemd=systemd)
    try:
        with Signals(reloads=True) as signals:
            reloading = Reloading(app, path, signals.reload, systemd)
            asyncio.run(_until_told(app, signals, reloading, upgrade=not no_upgrade))
    # No except*: in Python 3.11.2, as Debian 12 has it, what is raised there becomes a group itself.
    except (StoreError, ListenError, BaseExceptionGroup) as failure:
        outlet.flush()
        errors = list(leaves(failure))
        if not all(isinstance(error, (StoreError, ListenError)) for error in errors):
            raise
        raise Refused("\n".join(map(str, errors))) from None


def settle() -> None:
    """What the program is made of stays: else Python looks through it for 50 ms now and then, while callers wait."""
    gc.collect()
    gc.freeze()


async def _until_told(app: App, signals: Signals, reloading: Reloading, upgrade: bool) -> None:
    logs.watch_loop(asyncio.get_running_loop())
    signals.listen()
    async with asyncio.TaskGroup() as tasks:
        reloads = tasks.create_task(reloading.run())
        await app.run(signals.stop, upgrade)
        reloads.cancel()
    log.info("stopped")
    await _leave_behind_what_hangs()


async def _leave_behind_what_hangs() -> None:
    """A database or a record that does not answer keeps its thread, and Python would wait for that for ever."""
    executor = asyncio.ensure_future(asyncio.get_running_loop().shutdown_default_executor())
    await asyncio.wait({executor}, timeout=LAST_THREADS)
    until = time.monotonic() + LAST_THREADS
    threads = [one for one in threading.enumerate() if not one.daemon and one is not threading.current_thread()]
    for one in threads:
        one.join(max(until - time.monotonic(), 0.0))
    if any(one.is_alive() for one in threads):
        logging.shutdown()
        os._exit(0)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The single errors of a group of groups, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from leaves(one)
    else:
        yield error
